# 页面上的句子。每句完整表述，从不拼接。

title = { $page } – Standing
title-mistake = 错误：{ $page } – Standing
skip = 跳到正文
nav = 栏目
nav-partners = 合作伙伴关系
nav-subscriptions = 订阅
nav-changes = 变更记录
nav-access = 谁可以做什么
nav-may = 您可以做什么
nav-customers = 客户
nav-request = 请求建立关系
nav-ledger = 账本
nav-access-review = 访问权限审查
done = 已完成
words = 词语释义
revision = 修订版 { $revision }
on-paper = 修订版 { $revision }，查看于 { $at }。
to-first-page = 返回首页

sign-in = 登录
sign-in-again = 重新登录
sign-out = 退出登录
signed-out = 您已退出登录
signed-out-says = 此浏览器中不再保留您的会话。
signed-in-already = 您已登录
signed-in-as = 您当前以 { $name } 的身份登录。重新登录将结束该会话。
cookies-needed = 您尚未登录
cookies-needed-says = 如果您刚刚登录过，说明浏览器未保存 Cookie：此服务用一个 Cookie 保持登录状态。请在浏览器中允许它，然后重新登录。
no-sign-in = 此计算机上无需登录
sign-in-token = 使用访问令牌
token = 访问令牌
token-hint = 以 standing_ 开头，仅在创建时显示过一次。
token-empty = 请粘贴您的访问令牌
token-wrong = 此处不认识该令牌，或者它已到期、已被吊销。请粘贴其他令牌
cast-title = 演示中的角色
cast-says = 选择其中之一：不会询问任何其他计算机，一切均非真实数据。

role-partner = 合作伙伴
role-customer = 客户的全局管理员
role-visitor = 访客
role-operator = 运维人员
role-registrar = 登记员
role-asker = 决策查询方
role-reviewer = 规则审阅者
role-auditor = 审计员

start-title = 经销商可以做什么，以及为什么
start-says = Standing 决定经销商可以对客户的订阅做什么，并记录每一次答复。
start-customer = 客户可以查看哪些合作伙伴管理其服务，接受合作伙伴的请求，也可以删除合作伙伴。
start-partner = 合作伙伴可以查看自己的客户、可以为每个客户做什么，以及为什么不可以。
start-reviewer = 审阅者可以在规则生效之前看到更改规则的后果。
start-auditor = 审计员可以找到每一次答复，并确认没有任何一次被改动。
world-title = 此处提供的是一个独立的世界
world-says = 该服务器按某个文件夹中的规则和事实作出决定，因此没有客户、合作伙伴或订阅可供显示。
world-asks = 程序可在此处查询：
world-ledger = 在账本中查看它的答复

closed-address = 不显示页面：该服务器监听的地址可被他人访问。请将 `public_url` 设为其 https 地址，或改为监听 127.0.0.1。

answer-yes = 是
answer-no = 否
list-all = { $count ->
    [0] 没有内容
   *[other] 共 { $count } 项。
}
list-more = 此处 { $count } 项，后面还有。
list-end = 此处 { $count } 项，列表到此为止。
none-so-far = 目前查看的各项中没有；请继续。
none-more = 其余各项中没有。
list-first = 回到开头
list-next = 下一页

form-problem = 出现问题
form-error = 错误：
form-optional = （可选）

fault-not-found = 此处没有您可以查看的内容
fault-not-found-says = 该页面不存在，或者您无权查看。请检查地址，或以其他身份登录。
fault-foreign-form = 此表单不是从其所在页面提交的
fault-foreign-form-says = 未执行任何操作。请从该页面重新提交。
fault-foreign-form-page = 重新打开该页面
typed-title = 打开此页面后，您重新登录过
typed-says = 未执行任何操作。您输入的内容仍在此处：请查看后重新提交。
typed-signed-out = 您已退出登录；您输入的内容保留在此处
typed-signed-out-says = 未执行任何操作。请在另一个标签页中登录，然后回到此处重新提交。
typed-sign-in = 在另一个标签页中登录
typed-send = 重新提交
prove-again-beside = 在另一个标签页中重新登录，然后在此继续
proof-too-old = 尚未执行任何操作
proof-too-old-says = 您登录的时间已过长，不能执行此操作。您输入的内容仍在此处：请在另一个标签页中重新登录，然后重新提交。
fault-unreadable = 无法读取
fault-refused = 无法执行
fault-too-many = 尝试次数过多
fault-too-many-says = 请等待一分钟后重试。
fault-unavailable = 目前无法答复
fault-unavailable-says = 目前无法记录您的请求，因此不予答复。请稍后重试。
fault-too-long = 所需时间超过页面的限制
fault-too-long-says = 请缩小范围，或使用命令行，命令行不受时间限制。
fault-no-room = 目前没有空间
fault-no-room-says = 您请求的页面已生成，但等待取走的内容过多，无法保留。请几分钟后重新请求。
unreadable-form = 提交的内容不是表单。请从该页面重新提交。
unreadable-too-many = 提交的内容包含过多字段。
unreadable-unknown = 提交的内容包含字段 { $name }，该页面没有此字段。
unreadable-repeated = 提交的内容多次包含字段 { $name }。
unreadable-language = 此处没有该语言。
unreadable-framed = 此页面不在其他页面中显示。请单独打开。
unreadable-host = 该服务器无需登录，因此只能从本机访问：使用 127.0.0.1 或 localhost。
unreadable-body = 提交的内容过大，或不完整。

month-1 = 1月
month-2 = 2月
month-3 = 3月
month-4 = 4月
month-5 = 5月
month-6 = 6月
month-7 = 7月
month-8 = 8月
month-9 = 9月
month-10 = 10月
month-11 = 11月
month-12 = 12月

words-says = 这些页面使用的词语。每个页面都会将其词语链接到此处。
words-rules = 规则中的词语
words-rules-says = 按规则和编程接口中的写法，使用英文。
word-partner = 合作伙伴
word-partner-means = 销售订阅或为订阅者提供咨询的公司。
word-customer = 客户
word-customer-means = 订阅服务的组织，由其全局管理员代表。
word-relationship-request = 建立经销商关系的请求
word-relationship-request-means = 附有合作伙伴链接的电子邮件。客户的管理员可在该链接处接受请求；同一链接可以发送给任何人。
word-administers = 管理
word-administers-means = 拥有委派的管理权限：可以在客户的某项服务中操作、预配该服务并在其中提供支持。
word-service = 服务
word-service-means = 客户所订阅的内容，例如 Office 365。
word-sold = 向您出售
word-sold-means = 售出某个订阅的合作伙伴。无论以后由谁管理该服务，这一点都不会改变。
word-billed = 收到账单
word-billed-means = 收到某个订阅的账单：即售出该订阅的合作伙伴。
word-support = 负责支持
word-support-means = 只要商业关系仍然有效，就须在客户需要帮助时予以答复，即使已不能在该服务中操作。
word-commercial = 商业关系
word-commercial-means = 始于第一次销售，持续到客户与合作伙伴同意终止为止。
word-renegotiation = 重新协商
word-renegotiation-means = 一方提议终止或恢复商业关系；另一方作出相同表示时即生效。
word-displaced = 被其他合作伙伴取代
word-displaced-means = 每项服务同一时间只能由一个交易合作伙伴管理。接受第二个合作伙伴，即从第一个处收回管理权限，其他一切不变。
word-seats = 许可证
word-seats-means = 某个订阅可供多少人使用。
word-record = 记录
word-record-means = 询问了什么、答复了什么、依据哪些规则和事实。没有记录就不作答复。
word-revision = 修订版
word-revision-means = 表示某一时刻全部状态的编号。每次更改产生下一个编号。
word-rule = 规则
word-rule-means = 允许或禁止某事的条文，写在审阅者阅读的文件中。规则集作为整体生效。
word-turns = 翻转
word-turns-means = 答复由“是”变为“否”，或由“否”变为“是”。
word-promise = 承诺（断言）
word-promise-means = 无论谁来询问，规则始终做到或绝不做的事。违反承诺的规则集不会生效。
word-proposal = 提案
word-proposal-means = 某人希望生效、须由另一人批准的规则集。

unreadable-as-of = { $name } 既不是修订版也不是时间。请填写修订版编号、如 2026-11-26 的日期，或如 2026-11-26T12:00:00Z 的时间。
column-partner = 合作伙伴
column-services = 服务
column-service = 服务
column-administers = 管理
column-administers-it = 管理方
column-since = 自
column-ends = 结束
column-action = 操作
column-commercial = 商业关系
column-support = 负责支持
column-subscription = 订阅
column-seats = 许可证
column-status = 状态
column-sold-by = 售出方
column-may = 可以
column-on = 对象
column-now = 现在
column-then = 之后
column-rule = 依据的规则
column-last-used = 上次使用
nobody = 无
nothing = 无
none = 无
never = 从未
unreadable-record = 其记录无法读取
stands = 有效
has-ended = 已终止
download-csv = 下载 CSV
permanent-link = 此时刻的永久链接
what-each-may = 每个合作伙伴可以做什么？
past-title = 这是当时的情况
past-says = 此处显示 { $at }（修订版 { $revision }）的情况。
past-now = 显示现在的情况
go-back = 返回
remove = 删除
remove-whom = { $service } 的 { $partner }
by-service = 按服务
by-partner = 按合作伙伴
relationships-says = { $past ->
    [yes] 当时管理 { $customer } 的服务、曾向其销售，或此前如此的所有合作伙伴。截至修订版 { $revision }。
   *[no] 管理 { $customer } 的服务、曾向其销售，或此前如此的所有合作伙伴。截至 { $at }，修订版 { $revision }。
}
relationships-none = 没有合作伙伴管理您的服务或向您销售。合作伙伴会发送链接给您以建立关系。
did-administer = { $service } 至 { $until }
remove-all-title = 删除所有合作伙伴
remove-all-says = 一次性收回所有合作伙伴的委派管理权限。由谁售出、由谁负责支持保持不变。
remove-all = 删除所有合作伙伴
proposes-end = { $partner } 提议终止与您的商业关系
proposes-end-says = 仅在您同意后才终止。此后 { $partner } 不再收到账单，也不再负责为您提供支持。
proposes-reinstate = { $partner } 提议恢复与您的商业关系
proposes-reinstate-says = 仅在您同意后才恢复。此后 { $partner } 重新收到账单，并负责为您提供支持。
proposed-end = 您已提议终止与 { $partner } 的商业关系
proposed-end-says = { $partner } 同意后终止。在此之前没有任何改变。
proposed-reinstate = 您已提议恢复与 { $partner } 的商业关系
proposed-reinstate-says = { $partner } 同意后恢复。在此之前没有任何改变。
it-proposes-end = 对方提议终止
it-proposes-reinstate = 对方提议恢复
you-propose-end = 您提议终止
you-propose-reinstate = 您提议恢复
see-what-changes = 查看会有哪些变化
take-back = 撤回提议
propose-end = 提议终止
propose-reinstate = 提议恢复
see-agree-end = 查看同意终止会有哪些变化
see-agree-reinstate = 查看同意恢复会有哪些变化
partner-kind = { $id }，{ $kind }
partner-title = 合作伙伴 { $partner }
back-to-partners = 返回合作伙伴
sold-you = 向您售出的订阅
sold-count = { $count ->
    [0] 无
   *[other] { $count } 个订阅
}
sold-nothing = 未向您售出任何订阅。
services-title = 服务
services-never = 从未管理过任何服务。
remove-from-all = 从所有服务中删除 { $partner }
subscriptions-says = { $customer } 在此处的全部订阅、由谁售出，以及由谁管理其服务。
subscriptions-none = 尚未登记任何内容。
sold-by-nobody = 直接购买
add-on-of = { $parent } 的附加产品
access-says = 谁可以对 { $name } 的服务和订阅做什么、依据哪条规则、自何时起，以及上次使用的时间。截至 { $at }，修订版 { $revision }。
access-none = 此处没有任何人可以执行任何操作。
access-end = 审查结束：共 { $count } 行。
nothing-turns = 不会有人因此获得或失去任何权限。
turned-counts = 涉及 { $things } 项服务和订阅：增加 { $gained } 项允许，减少 { $lost } 项。
so-many-more = 另外 { $count } 项
what-will-change = 将会发生的变化
what-would-change = 双方一致后会发生的变化

request-title = { $partner } 请求建立经销商关系
request-heading = { $customer ->
    [none] { $partner } 请求与贵组织建立经销商关系
   *[other] { $partner } 请求与 { $customer } 建立经销商关系
}
request-signed-out-lead = 您打开了该合作伙伴的链接。请先阅读接受意味着什么，再登录作出决定。目前没有任何改变。
request-lead = 接受后，该合作伙伴即可在您选择的服务中进行管理操作。请选择服务；在下一页确认之前，不会有任何改变。
request-sign-in-title = 要接受请求，请以全局管理员身份登录
request-sign-in-says = 贵组织中的其他人无法接受。登录后选择服务，并在确认之前查看会有哪些变化。
request-sign-in = 登录后决定
request-not-customer-title = 只有客户的全局管理员可以接受
request-not-customer-says = 您当前以 { $name } 的身份登录，该身份不是客户。
sign-in-otherwise = 以其他身份登录
request-unexpected = 您不是全局管理员？请将链接转发给全局管理员。这不是您预期的请求？请离开此页面。
request-unexpected-signed-in = 这不是您预期的请求？请离开此页面。同一链接可以发送给任何人，打开链接不会改变任何内容。
who-asks = 请求方
who-asks-says = { $partner }（{ $id }），{ $kind }
the-link = 链接
the-link-signed-out = 由本服务为该合作伙伴生成，未被改动，不含贵组织的任何信息，对每个客户都相同。
the-link-says = 由本服务为该合作伙伴生成，未被改动，不含贵组织的任何信息。
before = 以往
gave-before = 您曾于 { $since } 授予其 { $service } 的权限，该权限已于 { $until } 结束。
means-title = 接受意味着什么
means-gives = { $partner } 将可以
means-provision = 预配您选择的服务，并管理其预配的内容
means-support = 在这些服务中为您提供支持
means-stays = 以下各项保持不变
means-stays-sold = 每个订阅由谁售出、由谁计费
means-stays-rights = 谁可以删除许可证、订购附加产品、转换或迁移订阅、更改登记合作伙伴
means-stays-removal = 您随时删除该合作伙伴的权利
accepted-already = 您此前已接受该合作伙伴
accepted-already-says = { $partner } 正在为您管理 { $services }。再次接受不会有任何改变。
your-choice = 您的选择
choose = 允许 { $partner } 管理哪些服务？
choose-hint = 每项服务同一时间只能由一个交易合作伙伴管理。选择某项服务，即从现有合作伙伴处收回该服务的管理权限。
choose-one = 请至少选择一项服务
choice-held = { $partner } 已在管理此服务。
choice-loses = { $partner } 将失去该权限。
choice-refused = { $partner } 正在管理此服务。请先将其删除；此处不接受第二个交易合作伙伴。
choice-sold-nothing = 它未在此服务中向您售出订阅，您与它之间也没有有效的商业关系。
choice-sold-elsewhere = 它未在此服务中向您售出订阅。它与您的商业关系保持不变。
choice-sold-ended = { $count ->
   *[other] 它在此服务中向您售出 { $count } 个订阅。您与它的商业关系已终止：它不负责为您提供支持。
}
choice-keeps-sold = { $count ->
   *[other] 它在此服务中向您售出 { $count } 个订阅：仍收到其账单，并仍负责为您提供支持。
}
choice-beside = { $partners } 保留其权限。
choice-nobody = 目前没有合作伙伴管理此服务。
other-service = 其他服务
other-service-hint = 合作伙伴告知您的名称，例如
other-wrong = 请用字母、数字和连字符填写服务名称，例如 power-bi
until = 自动结束日期
until-hint = 留空表示没有结束日期。该日结束时（UTC）自动结束。您可以提前删除该合作伙伴。
until-no-day = 请将结束日期填写为一个日期，例如 2027-06-30
continue = 继续
do-not-accept = 不接受
back-to-services = 返回选择服务
check-title = 确认您要接受的内容
changed-title = 自您查看以来，情况已有变化
changed-says = 未执行任何操作。以下是现在会发生的变化。
ends-never = 您删除该合作伙伴时
you-are = 您的身份
you-are-for = { $person }，代表 { $customer }
worked-out = 根据现行规则和您的服务在修订版 { $revision } 时的情况得出，内容完整。
displaces = { $count ->
    [0] { $partner } 将失去 { $service }。
   *[other] { $partner } 将失去 { $service }。它在该服务中售出的 { $count } 个订阅仍由其收到账单，并仍负责为您提供支持。
}
displaces-ended = { $count ->
   *[other] { $partner } 将失去 { $service }。它在该服务中向您售出 { $count } 个订阅；您与它的商业关系已终止，它不负责为您提供支持。
}
nothing-else = 其他一切不变
nothing-else-says = 由谁售出、由谁收到账单、由谁负责支持均保持不变。没有任何一方获得商业权利。
end-moves = { $services } 的结束日期将变为 { $ends }。
accept-for = 接受：{ $services }
accept-says = 立即生效。如果届时的变化与此处显示的不同，则不执行任何操作，并再次显示此页面。
done-accepted = { $partner } 现在管理 { $services }。
done-accepted-displaced = { $partner } 现在管理 { $services }。{ $displaced } 不再管理。
done-accepted-nothing = { $partner } 已拥有全部这些权限，没有任何改变。
done-accepted-end = { $partner } 已拥有全部这些权限。自动结束日期现为：{ $services }，{ $ends }。
done-before = 此操作此前已于 { $at } 完成；以下是现在的情况。

remove-one = 从 { $service } 中删除 { $partner }？
remove-partner = 从所有服务中删除 { $partner }？
remove-service = 从 { $service } 中删除所有合作伙伴？
remove-everybody = 从所有服务中删除所有合作伙伴？
remove-one-now = 从 { $service } 中删除 { $partner }
remove-partner-now = 从所有服务中删除 { $partner }
remove-service-now = 从 { $service } 中删除所有合作伙伴
nothing-to-remove = 没有可删除的内容：目前没有合作伙伴管理该服务。
what-is-lost = 将失去的权限
loses = { $partner } 将不能再在 { $service } 中操作。
what-stays = 保持不变
what-stays-says = { $partner } 仍收到其售出订阅的账单，并仍负责为您提供支持。
what-stays-sold = 由谁售出保持不变。
done-removed = { $count ->
    [0] 无需删除任何内容。
   *[other] { $partner } 不再管理 { $services }。
}

nothing-to-say = 没有可以提议或同意的内容
nothing-to-say-says = 该关系已如您所愿，或者您已提议而对方尚未答复。
commercial-is = 商业关系：{ $state }
say-propose-end = 提议终止与 { $other } 的商业关系？
say-propose-end-says = 仅在 { $other } 同意后才终止。在此之前没有任何改变，您可以撤回提议。
say-propose-end-now = 提议终止
say-propose-end-done = 您已提议终止与 { $other } 的商业关系。
say-propose-reinstate = 提议恢复与 { $other } 的商业关系？
say-propose-reinstate-says = 仅在 { $other } 同意后才恢复。在此之前没有任何改变，您可以撤回提议。
say-propose-reinstate-now = 提议恢复
say-propose-reinstate-done = 您已提议恢复与 { $other } 的商业关系。
say-agree-end = 同意终止与 { $other } 的商业关系？
say-agree-end-says = { $side ->
    [partner] { $other } 提出了该提议。您同意后立即终止：您不再收到账单，也不再负责为其提供支持。
   *[customer] { $other } 提出了该提议。您同意后立即终止：{ $other } 不再收到账单，也不再负责为您提供支持。
}
say-agree-end-now = 同意终止
say-agree-end-done = 您与 { $other } 的商业关系已终止。
say-agree-reinstate = 同意恢复与 { $other } 的商业关系？
say-agree-reinstate-says = { $side ->
    [partner] { $other } 提出了该提议。您同意后立即恢复：您重新收到账单，并负责为其提供支持。
   *[customer] { $other } 提出了该提议。您同意后立即恢复：{ $other } 重新收到账单，并负责为您提供支持。
}
say-agree-reinstate-now = 同意恢复
say-agree-reinstate-done = 您与 { $other } 的商业关系已恢复。
say-take-back = 撤回您对 { $other } 的提议？
say-take-back-says = 撤回后不再有任何提议，与 { $other } 的关系保持不变。
say-take-back-now = 撤回提议
say-take-back-done = 您已撤回对 { $other } 的提议。

column-revision = 修订版
column-when = 时间
column-what = 发生的事
column-by = 执行者
changes-says = { $customer } 的变更记录，最新的在前。每个修订版都可查看当时的情况。
changes-none = 尚未发生任何变更。
another-partner = 另一个合作伙伴
event-partner-registered = 已登记 { $partner }。
event-partner-changed = { $partner } 的信息已更改。
event-customer-registered = 已登记贵组织。
event-customer-changed = 贵组织的信息已更改。
event-sold = { $partner } 向您售出 { $service } 的 { $subscription }。
event-added = 已登记 { $service } 的 { $subscription }；它是 { $parent } 的附加产品。
event-bought = 已登记 { $service } 的 { $subscription }；未指明由哪家合作伙伴售出。
event-subscription-changed = { $subscription } 已更改：{ $members }。
event-accepted = 您接受了 { $partner }：{ $services }。
event-gained = 自此由 { $partner } 管理 { $service }。
event-removed = 您从 { $service } 中删除了 { $partner }。
event-displaced = { $partner } 的 { $service } 管理权限由 { $other } 取代。
event-ended-elsewhere = { $partner } 不再管理 { $service }；该信息来自其他系统。
event-began = 您与 { $partner } 的商业关系已开始。
event-ended = 您与 { $partner } 的商业关系已终止。
event-reinstated = 您与 { $partner } 的商业关系已恢复。
event-you-propose-end = 您向 { $partner } 提议终止商业关系。
event-you-propose-reinstate = 您向 { $partner } 提议恢复商业关系。
event-it-proposes-end = { $partner } 提议终止商业关系。
event-it-proposes-reinstate = { $partner } 提议恢复商业关系。
event-you-took-back = 您撤回了对 { $partner } 的提议。
event-it-took-back = { $partner } 撤回了其提议。
event-imported = 已从其他系统导入信息。

being-made = 正在处理
being-made-says = 这需要一些时间。
come-place = 正在排队，位于第 { $done } 位。
come-examinations = 正在等待的检查（包括本次）：{ $done } 项。
come-so-far = 目前已完成 { $done } 步。
come-answers-so-far = 目前已得出 { $done } 个答复。
come-rows = 已判定 { $done } / { $count } 行表格。
come-proofs = 已完成 { $done } / { $count } 项规则和承诺的证明。
come-answers = 已得出 { $done } / { $count } 个答复。
come-changes = 已读取 { $done } / { $count } 条变更记录。
come-records = 已读取 { $done } / { $count } 条账本记录。
come-resources = 已比较 { $done } / { $count } 个合作伙伴、客户、服务和订阅。
being-made-bar = 进度
being-made-again = 本页会自动刷新。
being-made-leave = 离开后处理继续进行，结果为您保留 { $minutes } 分钟。
made-at = 得出时间：{ $at }。
waiting-gone = 此结果已不再保留
waiting-done = 您提交的操作已完成
waiting-done-says = 该操作于 { $at } 完成；显示其结果的页面已不再保留。
waiting-not-done = 您提交的操作未执行
waiting-not-done-says = 没有任何更改：在轮到该操作之前服务已停止、您已退出登录，或操作被拒绝。如果仍需要执行，请重新打开页面并提交。
waiting-gone-says = 如果您提交过表单，操作可能已经完成：请先查看相关内容，再决定是否重新提交。
