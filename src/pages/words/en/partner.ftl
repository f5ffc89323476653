# Sentences of the partner's pages.

column-customer = Customer
column-you-administer = You administer
column-you-administer-it = You administer its service
column-you-support = You are responsible for support
column-ended = How it ended
column-answer = Answer
column-why = Why
column-turns = What would change it
back-to-customers = Back to the customers
customers-says = { $past ->
    [yes] Every customer that { $partner } administered a service of, or stood in a commercial relationship with, in the order of their ids. As of revision { $revision }.
   *[no] Every customer that { $partner } administers a service of, or stands in a commercial relationship with, in the order of their ids. As of { $at }, revision { $revision }.
}
customers-none = No customer has accepted yet.
customers-none-request = Request a relationship
customers-none-such = No customer here is as you ask.
customers-search = Name or id of the customer
only = Show
only-all = all of them
only-administers = those you administer something for
only-soldTo = those you sold something to
only-cannotAct = those you are responsible for and cannot act for
only-ending = those where what you administer ends within 30 days
unreadable-only = { $name } is nothing that the list can be cut down to. Choose one of those the page offers.
search = Search
can-act-only = you can act in { $services } only
cannot-act-at-all = you cannot act in any of its services
ends-on = { $service } on { $day }
ends-in = { $days ->
    [0] within a day
    [one] in one day
   *[other] in { $days } days
}

customer-title = { $customer }, customer
own-services-never = You never administered a service here.
ended-removed = the customer removed you
ended-displaced = the customer accepted another partner that sells in your place
ended-over = its end date passed
way-back = The way back is a request that the customer accepts; your link is the same every time.
own-subscriptions = Subscriptions you sold or administer
own-subscriptions-none = You neither sold a subscription here nor administer the service of one.
own-subscriptions-says = What you may do with each, by the rules in force, at revision { $revision }. Open one for the reasons.
seller-itself = you
seller-another = another partner
seller-nobody = nobody: bought directly
customer-proposes-end = { $customer } proposes to end your commercial relationship
customer-proposes-end-says = It ends only if you agree. Then you are no longer billed, and no longer responsible for support of { $customer }.
customer-proposes-reinstate = { $customer } proposes to reinstate your commercial relationship
customer-proposes-reinstate-says = It stands again only if you agree. Then you are billed again, and responsible for support of { $customer }.
own-proposal-end = You proposed to end your commercial relationship with { $customer }
own-proposal-end-says = It ends when { $customer } agrees. Until then nothing changes.
own-proposal-reinstate = You proposed to reinstate your commercial relationship with { $customer }
own-proposal-reinstate-says = It stands again when { $customer } agrees. Until then nothing changes.
proposed-on = Proposed on { $day }.

subscription-title = { $id }: { $service } of { $customer }
subscription-lead = { $seller ->
    [itself] { $administers ->
        [yes] You sold it, and you administer its service.
       *[no] You sold it. You do not administer its service now.
    }
    [another] { $administers ->
        [yes] You administer its service. Another partner sold it.
       *[no] Another partner sold it, and you do not administer its service.
    }
   *[nobody] { $administers ->
        [yes] You administer its service. The customer bought it directly.
       *[no] The customer bought it directly, and you do not administer its service.
    }
}
subscription-bought-title = Offer, seats, status
subscription-bought = { $seats ->
    [one] { $offer }, one seat, { $status }
   *[other] { $offer }, { $seats } seats, { $status }
}
no-offer = no offer named
subscription-parent = Adds to
you-owe = You owe, whatever the answers below
duty-provideSupport = support for this customer
duty-adhereToResellerAgreement = the terms of the reseller agreement
may-now = What you may do now
may-then = What you could do then
may-by-then = By the rules in force then, at revision { $revision }.
may-by = By the rules in force, at revision { $revision }.
still-responsible = You are still responsible for support: until the customer accepts you again, you cannot act inside the service.
or = or
turns-never = nothing that you or the customer can do
turns-delegatedAdministrator-true = request a reseller relationship
turns-commercialRelationship-active = agree with the customer to reinstate the commercial relationship
turns-originalReseller-true = nothing from now on: nobody becomes the seller of what is sold
turns-partnerStatus-active = settle your account
turns-subscriptionStatus-active = reactivate the subscription, or the one it belongs to
turns-subscriptionStatus-suspended = suspend the subscription first

own-reason-delegated_admin_permissions_disabled = The customer has not given you this service to administer. A new request for a reseller relationship is the way back.
own-reason-no_relationship = You neither sold this nor administer it, and no commercial relationship stands.
own-reason-commercial_relationship_ended = Your commercial relationship with the customer has ended.
own-reason-not_original_reseller = You did not sell the subscription; only the partner that did may do this.
own-reason-partner_suspended = Your account is suspended.

may-says = Everything { $name } may do to the services and subscriptions of its customers, by which rule, since when, and when it was last used. As of { $at }, revision { $revision }.

own-changes-says = What happened to { $partner }, newest first. Each revision leads to the customers as they were then.
own-event-registered = You were registered.
own-event-changed = What is known of you changed.
own-event-customer-registered = { $customer } was registered.
own-event-customer-changed = What is known of { $customer } changed.
own-event-sold = { $subscription } of { $service } was registered for { $customer }.
own-event-subscription-changed = { $subscription } of { $customer } changed: { $members }.
own-event-accepted = { $customer } accepted you for { $services }.
own-event-gained = You administer { $service } for { $customer } from then on.
own-event-removed = { $customer } removed you from { $service }.
own-event-displaced = You lost { $service } of { $customer } to another partner that it accepted.
own-event-ended-elsewhere = You no longer administer { $service } for { $customer }; that was told from elsewhere.
own-event-began = Your commercial relationship with { $customer } began.
own-event-ended = Your commercial relationship with { $customer } ended.
own-event-reinstated = Your commercial relationship with { $customer } was reinstated.
own-event-you-propose-end = You proposed to { $customer } to end the commercial relationship.
own-event-you-propose-reinstate = You proposed to { $customer } to reinstate the commercial relationship.
own-event-it-proposes-end = { $customer } proposed to end the commercial relationship.
own-event-it-proposes-reinstate = { $customer } proposed to reinstate the commercial relationship.
own-event-you-took-back = You took back your proposal to { $customer }.
own-event-it-took-back = { $customer } took back its proposal.

own-request-title = Request a reseller relationship with a customer
own-request-lead = Send this email to your customer. You can edit or delete its two paragraphs. The link stays as it is.
own-request-link = The link belongs to { $partner }, says nothing about any customer, and is the same every time. Whoever accepts it appears in your list.
own-request-customers = Your customers
email-language = Language of the email
email-paragraph-1 = First paragraph
email-paragraph-2 = Second paragraph
email-stays = The link, left as it is
show-email = Show the email
original-text = Start again from the original text
email-ready = The email, ready to send
email-subject = Subject
email-text = Text
copy-hint = Select the text and copy it, or take it with one of these.
copy-text = Copy the text
copy-link = Copy the link alone
copied = Copied.
open-mail = Open in your email program
email-link = Take the link out of this paragraph, and whatever resembles it. It stands once, after your paragraphs
email-too-long = Shorten this paragraph: it may have { $max } letters, or a third of that in Chinese
email-too-many = Leave at most { $max } paragraphs in all, without empty lines in them
email-control = Take the character { $code } out: it cannot be seen, and would change how the text reads
own-request-refused = You cannot request a relationship now
own-request-why = Why
whom-to-ask = Ask whoever runs this service.
whom-to-ask-partner_suspended = Settle your account, and ask whoever runs this service to make it active again. Your customers keep what they have.
whom-to-ask-indirect_reseller_has_no_link = Ask your indirect provider to send the customer its link.
