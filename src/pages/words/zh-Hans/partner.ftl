# 合作伙伴页面上的句子。

column-customer = 客户
column-you-administer = 您管理
column-you-administer-it = 您管理其服务
column-you-support = 您负责支持
column-ended = 结束原因
column-answer = 答复
column-why = 原因
column-turns = 如何改变
back-to-customers = 返回客户
customers-says = { $past ->
    [yes] 当时由 { $partner } 管理服务或与其存在商业关系的所有客户，按标识排序。截至修订版 { $revision }。
   *[no] 由 { $partner } 管理服务或与其存在商业关系的所有客户，按标识排序。截至 { $at }，修订版 { $revision }。
}
customers-none = 尚无客户接受。
customers-none-request = 请求建立关系
customers-none-such = 没有符合条件的客户。
customers-search = 客户的名称或标识
only = 显示
only-all = 全部
only-administers = 您管理其服务的客户
only-soldTo = 您曾向其销售的客户
only-cannotAct = 您负责支持但无法操作的客户
only-ending = 您的管理权限将在 30 天内结束的客户
unreadable-only = 列表不能按 { $name } 筛选。请选择页面提供的选项。
search = 搜索
can-act-only = 您只能在 { $services } 中操作
cannot-act-at-all = 您无法在其任何服务中操作
ends-on = { $service }：{ $day }
ends-in = { $days ->
    [0] 一天之内
   *[other] 还有 { $days } 天
}

customer-title = 客户 { $customer }
own-services-never = 您从未在此管理过任何服务。
ended-removed = 客户删除了您的权限
ended-displaced = 客户接受了另一个交易合作伙伴来代替您
ended-over = 结束日期已过
way-back = 如需恢复，请发送请求并由客户接受；您的链接始终相同。
own-subscriptions = 您售出或管理的订阅
own-subscriptions-none = 您未在此售出任何订阅，也未管理任何订阅的服务。
own-subscriptions-says = 根据现行规则，在修订版 { $revision } 时您可以对每个订阅做什么。打开某个订阅可查看原因。
seller-itself = 您
seller-another = 另一个合作伙伴
seller-nobody = 无：直接购买
customer-proposes-end = { $customer } 提议终止与您的商业关系
customer-proposes-end-says = 仅在您同意后才终止。此后您不再收到账单，也不再负责为 { $customer } 提供支持。
customer-proposes-reinstate = { $customer } 提议恢复与您的商业关系
customer-proposes-reinstate-says = 仅在您同意后才恢复。此后您重新收到账单，并负责为 { $customer } 提供支持。
own-proposal-end = 您已提议终止与 { $customer } 的商业关系
own-proposal-end-says = { $customer } 同意后终止。在此之前没有任何改变。
own-proposal-reinstate = 您已提议恢复与 { $customer } 的商业关系
own-proposal-reinstate-says = { $customer } 同意后恢复。在此之前没有任何改变。
proposed-on = 提议日期：{ $day }。

subscription-title = { $id }：{ $customer } 的 { $service }
subscription-lead = { $seller ->
    [itself] { $administers ->
        [yes] 该订阅由您售出，并由您管理其服务。
       *[no] 该订阅由您售出。您目前不管理其服务。
    }
    [another] { $administers ->
        [yes] 您管理其服务。该订阅由另一个合作伙伴售出。
       *[no] 该订阅由另一个合作伙伴售出，您也不管理其服务。
    }
   *[nobody] { $administers ->
        [yes] 您管理其服务。该订阅由客户直接购买。
       *[no] 该订阅由客户直接购买，您也不管理其服务。
    }
}
subscription-bought-title = 产品/服务、许可证、状态
subscription-bought = { $offer }，{ $seats } 个许可证，{ $status }
no-offer = 未指明产品/服务
subscription-parent = 所附加的订阅
you-owe = 无论以下答复如何，您均应履行
duty-provideSupport = 为该客户提供支持
duty-adhereToResellerAgreement = 经销商协议的条款
may-now = 您现在可以做什么
may-then = 您当时可以做什么
may-by-then = 根据当时的规则，截至修订版 { $revision }。
may-by = 根据现行规则，截至修订版 { $revision }。
still-responsible = 您仍负责提供支持：在客户再次接受您之前，您无法在该服务中操作。
or = 或者
turns-never = 您和客户都无法改变
turns-delegatedAdministrator-true = 请求经销商关系
turns-commercialRelationship-active = 与客户一致同意恢复商业关系
turns-originalReseller-true = 今后无法改变：订阅售出后，售出方不再变更
turns-partnerStatus-active = 结清您的帐户
turns-subscriptionStatus-active = 重新激活该订阅或其所属订阅
turns-subscriptionStatus-suspended = 先暂停该订阅

own-reason-delegated_admin_permissions_disabled = 客户未将此服务委派给您管理。重新请求经销商关系即可恢复。
own-reason-no_relationship = 您既未售出也不管理此项，且商业关系不成立。
own-reason-commercial_relationship_ended = 您与该客户的商业关系已终止。
own-reason-not_original_reseller = 该订阅并非由您售出；只有售出该订阅的合作伙伴才可以执行此操作。
own-reason-partner_suspended = 您的帐户已被暂停。

may-says = { $name } 可以对其客户的服务和订阅做的一切、依据哪条规则、自何时起，以及上次使用的时间。截至 { $at }，修订版 { $revision }。

own-changes-says = { $partner } 的变更记录，最新的在前。每个修订版都可查看当时的客户。
own-event-registered = 已登记您的信息。
own-event-changed = 您的信息已更改。
own-event-customer-registered = 已登记 { $customer }。
own-event-customer-changed = { $customer } 的信息已更改。
own-event-sold = 已为 { $customer } 登记 { $service } 的 { $subscription }。
own-event-subscription-changed = { $customer } 的 { $subscription } 已更改：{ $members }。
own-event-accepted = { $customer } 接受了您：{ $services }。
own-event-gained = 自此由您管理 { $customer } 的 { $service }。
own-event-removed = { $customer } 从 { $service } 中删除了您。
own-event-displaced = { $customer } 接受了另一个合作伙伴，您不再管理其 { $service }。
own-event-ended-elsewhere = 您不再管理 { $customer } 的 { $service }；该信息来自其他系统。
own-event-began = 您与 { $customer } 的商业关系已开始。
own-event-ended = 您与 { $customer } 的商业关系已终止。
own-event-reinstated = 您与 { $customer } 的商业关系已恢复。
own-event-you-propose-end = 您向 { $customer } 提议终止商业关系。
own-event-you-propose-reinstate = 您向 { $customer } 提议恢复商业关系。
own-event-it-proposes-end = { $customer } 提议终止商业关系。
own-event-it-proposes-reinstate = { $customer } 提议恢复商业关系。
own-event-you-took-back = 您撤回了对 { $customer } 的提议。
own-event-it-took-back = { $customer } 撤回了其提议。

own-request-title = 向客户请求建立经销商关系
own-request-lead = 请将此电子邮件发送给您的客户。您可以编辑或删除其中的两个段落。链接须保持原样。
own-request-link = 该链接属于 { $partner }，不含任何客户的信息，并且始终相同。接受请求的客户会出现在您的列表中。
own-request-customers = 您的客户
email-language = 电子邮件的语言
email-paragraph-1 = 第一段
email-paragraph-2 = 第二段
email-stays = 链接（保持原样）
show-email = 显示电子邮件
original-text = 从原始文本重新开始
email-ready = 可以发送的电子邮件
email-subject = 主题
email-text = 正文
copy-hint = 请选择文本并复制，或使用以下方式。
copy-text = 复制正文
copy-link = 仅复制链接
copied = 已复制。
open-mail = 在电子邮件程序中打开
email-link = 请从该段落中删除链接以及与其相似的内容。链接只在您的段落之后出现一次
email-too-long = 请缩短该段落：最多 { $max } 个拉丁字母，或其三分之一的汉字
email-too-many = 总共最多保留 { $max } 个段落，段落中不得有空行
email-control = 请删除字符 { $code }：它不可见，并会改变文本的读法
own-request-refused = 您目前不能请求建立关系
own-request-why = 原因
whom-to-ask = 请联系本服务的运营方。
whom-to-ask-partner_suspended = 请结清您的帐户，并联系本服务的运营方将其重新激活。您的客户保留其现有的一切。
whom-to-ask-indirect_reseller_has_no_link = 请联系您的间接提供商，由其向客户发送链接。
