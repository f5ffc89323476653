# Sentences of the pages. A sentence is said whole, never glued.

title = { $page } – Standing
title-mistake = Error: { $page } – Standing
skip = Skip to the content
nav = Sections
nav-partners = Partner relationships
nav-subscriptions = Subscriptions
nav-changes = What changed
nav-access = Who may do what
nav-may = What you may do
nav-customers = Customers
nav-request = Request a relationship
nav-ledger = Ledger
nav-access-review = Access review
done = Done
words = What the words mean
revision = Revision { $revision }
on-paper = Revision { $revision }, looked at on { $at }.
to-first-page = Go to the first page

sign-in = Sign in
sign-in-again = Sign in again
sign-out = Sign out
signed-out = You are signed out
signed-out-says = Nothing of your session is left in this browser.
signed-in-already = You are signed in
signed-in-as = You are signed in as { $name }. Signing in again ends that session.
cookies-needed = You are not signed in
cookies-needed-says = If you have just signed in, your browser kept no cookie: this service keeps you signed in by one. Allow it in your browser, then sign in again.
no-sign-in = No sign-in is asked on this machine
sign-in-token = With an access token
token = Access token
token-hint = It begins with standing_ and was shown once, when it was created.
token-empty = Paste your access token
token-wrong = This token is not known here, has ended, or was revoked. Paste another
cast-title = The cast of the demonstration
cast-says = Be one of them: nobody else’s machine is asked, and nothing of this is real.

role-partner = partner
role-customer = customer’s global administrator
role-visitor = visitor
role-operator = operator
role-registrar = registrar
role-asker = asks for decisions
role-reviewer = reviewer of rules
role-auditor = auditor

start-title = What a reseller may do, and why
start-says = Standing decides what a reseller may do to a customer’s subscriptions, and remembers every answer.
start-customer = A customer sees which partners administer its services, accepts a partner’s request, and removes partners.
start-partner = A partner sees its customers, what it may do for each, and why not.
start-reviewer = A reviewer sees what a change of the rules would do before it is in force.
start-auditor = An auditor finds every answer that was given, and that none was changed.
world-title = A world of its own is served
world-says = This server decides by rules and facts of a folder, so there are no customers, partners or subscriptions to show.
world-asks = Programs ask it at
world-ledger = See what it answered, in the ledger

closed-address = Pages are not shown: this server listens on an address that others can reach. Set `public_url` to its https address, or listen on 127.0.0.1.

answer-yes = yes
answer-no = no
list-all = { $count ->
    [0] Nothing
    [one] Only this one.
   *[other] All { $count }.
}
list-more = { $count } of more; go on for the rest.
list-end = { $count } here; the list ends.
none-so-far = None among those looked at so far; go on.
none-more = None among the rest.
list-first = To the beginning
list-next = Next

form-problem = There is a problem
form-error = Error:
form-optional = (optional)

fault-not-found = There is nothing here for you
fault-not-found-says = Either there is no such page, or it is not yours to see. Check the address, or sign in as somebody else.
fault-foreign-form = This form was not sent from its own page
fault-foreign-form-says = Nothing was done. Send it again from the page itself.
fault-foreign-form-page = Open that page again
typed-title = You signed in anew since this page was opened
typed-says = Nothing was done. What you typed is still here: look at it, and send it again.
typed-signed-out = You are signed out; what you typed is kept here
typed-signed-out-says = Nothing was done. Sign in in another tab, then come back here and send it again.
typed-sign-in = Sign in in another tab
typed-send = Send it again
prove-again-beside = Sign in again in another tab, then go on here
proof-too-old = Nothing was done yet
proof-too-old-says = You signed in too long ago for this. What you typed is still here: sign in again in another tab, then send it again.
fault-unreadable = This cannot be read
fault-refused = This cannot be done
fault-too-many = Too many tries
fault-too-many-says = Wait a minute, then try again.
fault-unavailable = There is no answer now
fault-unavailable-says = What you asked cannot be written down now, so it is not answered. Try again in a moment.
fault-too-long = This takes longer than a page may
fault-too-long-says = Ask for less of it, or have it done by a command, which may take as long as it needs.
fault-no-room = There is no room now
fault-no-room-says = What you asked for was made, but too much waits to be fetched to keep it. Ask for it again in a few minutes.
unreadable-form = What was sent is no form. Send it again from the page itself.
unreadable-too-many = What was sent holds too many fields.
unreadable-unknown = What was sent holds the field { $name }, which this page does not have.
unreadable-repeated = What was sent holds the field { $name } more than once.
unreadable-language = There is no such language here.
unreadable-framed = This page is not shown inside another one. Open it by itself.
unreadable-host = This server asks for no sign-in, so it is reached from this machine alone: by 127.0.0.1 or localhost.
unreadable-body = What was sent is too large, or did not come whole.

month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

words-says = The words that these pages use. Each page links its words here.
words-rules = The words of the rules
words-rules-says = As the rules and the programming interface write them, in English.
word-partner = partner
word-partner-means = A company that sells subscriptions, or advises those who have them.
word-customer = customer
word-customer-means = An organization that subscribes to services. Its global administrators speak for it.
word-relationship-request = request for a reseller relationship
word-relationship-request-means = An email with a partner’s link. Whoever administers a customer can accept it there; the same link can be sent to anyone.
word-administers = administers
word-administers-means = Holds delegated administrative privileges: may act inside a service of the customer, provision it and give support in it.
word-service = service
word-service-means = Something a customer subscribes to, for example Office 365.
word-sold = sold you
word-sold-means = The partner from whom a subscription was bought. It stays so whoever administers the service later.
word-billed = is billed
word-billed-means = Gets the bill for a subscription: the partner that sold it.
word-support = responsible for support
word-support-means = Has to answer when the customer needs help, for as long as the commercial relationship stands, even where it can no longer act inside the service.
word-commercial = commercial relationship
word-commercial-means = Begins with the first sale. It stands until customer and partner agree to end it.
word-renegotiation = renegotiation
word-renegotiation-means = One side proposes to end or reinstate the commercial relationship; it happens when the other side says the same.
word-displaced = lost it to another partner
word-displaced-means = Only one partner that sells can administer a service at a time. Accepting a second one takes it from the first, and nothing else.
word-seats = seats
word-seats-means = How many people a subscription is for.
word-record = record
word-record-means = What was asked, what was answered, by which rules and facts. Nothing is answered without one.
word-revision = revision
word-revision-means = A number for how everything was at one moment. Each change makes the next one.
word-rule = rule
word-rule-means = A sentence that permits or forbids, in a file that reviewers read. A set of rules is in force as a whole.
word-turns = turns
word-turns-means = An answer turns when it was yes and would be no, or the other way round.
word-promise = promise (claim)
word-promise-means = What the rules always or never do, whoever asks. A set that breaks one is not put in force.
word-proposal = proposal
word-proposal-means = A set of rules that somebody wants to put in force and somebody else has to approve.

unreadable-as-of = { $name } is neither a revision nor a time. Write a revision, a day as 2026-11-26, or a time as 2026-11-26T12:00:00Z.
column-partner = Partner
column-services = Services
column-service = Service
column-administers = Administers
column-administers-it = Administers it
column-since = Since
column-ends = Ends
column-action = Action
column-commercial = Commercial relationship
column-support = Responsible for support
column-subscription = Subscription
column-seats = Seats
column-status = Status
column-sold-by = Sold by
column-may = May
column-on = On
column-now = Now
column-then = Then
column-rule = By rule
column-last-used = Last used
nobody = nobody
nothing = nothing
none = none
never = never
unreadable-record = its record cannot be read
stands = stands
has-ended = has ended
download-csv = Download as CSV
permanent-link = Permanent link to this moment
what-each-may = What may each of them do?
past-title = This is how it was
past-says = It is shown as it was on { $at }, at revision { $revision }.
past-now = Show it as it is now
go-back = Go back
remove = Remove
remove-whom = { $partner } from { $service }
by-service = By service
by-partner = By partner
relationships-says = { $past ->
    [yes] Everyone who administered a service of { $customer }, sold it something, or had before. As of revision { $revision }.
   *[no] Everyone who administers a service of { $customer }, sold it something, or did. As of { $at }, revision { $revision }.
}
relationships-none = No partner administers or sold you anything. A partner sends you a link to begin.
did-administer = { $service } until { $until }
remove-all-title = Remove every partner
remove-all-says = Takes delegated administration from all partners at once. Who sold you what, and who is responsible for support, stays.
remove-all = Remove all partners
proposes-end = { $partner } proposes to end your commercial relationship
proposes-end-says = It ends only if you agree. Then { $partner } is no longer billed, and no longer responsible for your support.
proposes-reinstate = { $partner } proposes to reinstate your commercial relationship
proposes-reinstate-says = It stands again only if you agree. Then { $partner } is billed again, and responsible for your support.
proposed-end = You proposed to end your commercial relationship with { $partner }
proposed-end-says = It ends when { $partner } agrees. Until then nothing changes.
proposed-reinstate = You proposed to reinstate your commercial relationship with { $partner }
proposed-reinstate-says = It stands again when { $partner } agrees. Until then nothing changes.
it-proposes-end = it proposes to end it
it-proposes-reinstate = it proposes to reinstate it
you-propose-end = you propose to end it
you-propose-reinstate = you propose to reinstate it
see-what-changes = See what that would change
take-back = Take the proposal back
propose-end = Propose to end it
propose-reinstate = Propose to reinstate it
see-agree-end = See what agreeing to end it would change
see-agree-reinstate = See what agreeing to reinstate it would change
partner-kind = { $id }, { $kind }
partner-title = { $partner }, partner
back-to-partners = Back to the partners
sold-you = What it sold you
sold-count = { $count ->
    [0] nothing
    [one] one subscription
   *[other] { $count } subscriptions
}
sold-nothing = It sold you nothing.
services-title = Services
services-never = It never administered a service.
remove-from-all = Remove { $partner } from all services
subscriptions-says = Everything { $customer } subscribes to here, who sold it, and who administers its service.
subscriptions-none = Nothing is registered.
sold-by-nobody = bought directly
add-on-of = adds to { $parent }
access-says = Who may do what to the services and subscriptions of { $name }, by which rule, since when, and when it was last used. As of { $at }, revision { $revision }.
access-none = Nobody may do anything here.
access-end = End of the review: { $count } rows.
nothing-turns = Nobody gains or loses anything by it.
turned-counts = { $things ->
    [one] One service or subscription is concerned: { $gained } answers gained, { $lost } lost.
   *[other] { $things } services and subscriptions are concerned: { $gained } answers gained, { $lost } lost.
}
so-many-more = { $count } more
what-will-change = What will change
what-would-change = What would change once both say so

request-title = { $partner } requests a reseller relationship
request-heading = { $customer ->
    [none] { $partner } requests a reseller relationship with your organization
   *[other] { $partner } requests a reseller relationship with { $customer }
}
request-signed-out-lead = You followed its link. Read what accepting gives; sign in to decide. Nothing has changed.
request-lead = If you accept, this partner can act inside your services. Choose which. Nothing changes until you confirm on the next page.
request-sign-in-title = To accept, sign in as a global administrator
request-sign-in-says = Nobody else in your organization can accept. You choose the services after you sign in, and see what would change before you confirm.
request-sign-in = Sign in to decide
request-not-customer-title = Only a customer’s global administrator can accept
request-not-customer-says = You are signed in as { $name }, which is no customer.
sign-in-otherwise = Sign in as somebody else
request-unexpected = Not a global administrator? Send the link on to one. You did not expect this? Leave the page.
request-unexpected-signed-in = You did not expect this? Leave the page. The same link can be sent to anyone, and following it changed nothing.
who-asks = Who asks
who-asks-says = { $partner } ({ $id }), { $kind }
the-link = The link
the-link-signed-out = Made here for this partner, and unaltered. It says nothing about your organization, and is the same for every customer.
the-link-says = Made here for this partner, and unaltered. It says nothing about your organization.
before = Before
gave-before = You gave it { $service } on { $since }; that ended on { $until }.
means-title = What accepting means
means-gives = { $partner } will be able to
means-provision = provision the services you choose, and manage what it provisioned
means-support = give you support inside them
means-stays = This stays as it is
means-stays-sold = who sold you each subscription, and who bills you for it
means-stays-rights = who may remove seats, order add-ons, transition, migrate or change the partner of record
means-stays-removal = your right to remove this partner at any time
accepted-already = You have accepted this partner before
accepted-already-says = { $partner } administers { $services } for you. Accepting that again would change nothing.
your-choice = Your choice
choose = Which services may { $partner } administer?
choose-hint = One partner that sells can administer a service at a time. Choosing a service takes it from the one that has it now.
choose-one = Choose at least one service
choice-held = { $partner } administers it already.
choice-loses = { $partner } would lose it.
choice-refused = { $partner } administers it. Remove it first; this service refuses a second partner that sells.
choice-sold-nothing = It sold you nothing here, and no commercial relationship with it stands.
choice-sold-elsewhere = It sold you nothing here. Your commercial relationship with it stays as it is.
choice-sold-ended = { $count ->
    [one] It sold you one subscription here. Your commercial relationship with it has ended: it is not responsible for your support.
   *[other] It sold you { $count } subscriptions here. Your commercial relationship with it has ended: it is not responsible for your support.
}
choice-keeps-sold = { $count ->
    [one] It sold you one subscription here: it stays billed for it and stays responsible for your support.
   *[other] It sold you { $count } subscriptions here: it stays billed for them and stays responsible for your support.
}
choice-beside = It stays with { $partners } too.
choice-nobody = No partner administers it now.
other-service = Another service
other-service-hint = The name the partner gave you, for example
other-wrong = Write the name of a service with letters, digits and hyphens, for example power-bi
until = Ends by itself on
until-hint = Leave it empty for no end. It ends when that day is over, in UTC. You can remove the partner before.
until-no-day = Write the end date as a day, for example 2027-06-30
continue = Continue
do-not-accept = Do not accept
back-to-services = Back to the services
check-title = Check what you accept
changed-title = Something changed since you looked
changed-says = Nothing was done. This is what would change now.
ends-never = When you remove it
you-are = You are
you-are-for = { $person }, for { $customer }
worked-out = Worked out by the rules in force on your services as they are now, at revision { $revision }. It is complete.
displaces = { $count ->
    [0] { $partner } loses { $service }.
    [one] { $partner } loses { $service }. It still sold you one subscription there, is billed for it and is responsible for your support.
   *[other] { $partner } loses { $service }. It still sold you { $count } subscriptions there, is billed for them and is responsible for your support.
}
displaces-ended = { $count ->
    [one] { $partner } loses { $service }. It sold you one subscription there; your commercial relationship with it has ended, and it is not responsible for your support.
   *[other] { $partner } loses { $service }. It sold you { $count } subscriptions there; your commercial relationship with it has ended, and it is not responsible for your support.
}
nothing-else = Nothing else changes
nothing-else-says = Who sold you what, who is billed and who is responsible for support stays as it is. Nobody gains a commercial right.
end-moves = The end date of { $services } becomes { $ends }.
accept-for = Accept for { $services }
accept-says = It takes effect at once. If something else would change by now than is shown here, nothing is done and you see this page again.
done-accepted = { $partner } now administers { $services }.
done-accepted-displaced = { $partner } now administers { $services }, in place of { $displaced }.
done-accepted-nothing = { $partner } had all of that already; nothing changed.
done-accepted-end = { $partner } had all of that already. It now ends by itself: { $services } on { $ends }.
done-before = This was done already, on { $at }; below is how it is now.

remove-one = Remove { $partner } from { $service }?
remove-partner = Remove { $partner } from all services?
remove-service = Remove every partner from { $service }?
remove-everybody = Remove every partner from every service?
remove-one-now = Remove { $partner } from { $service }
remove-partner-now = Remove { $partner } from all services
remove-service-now = Remove every partner from { $service }
nothing-to-remove = There is nothing to remove: none of them administers it now.
what-is-lost = What is lost
loses = { $partner } can no longer act inside { $service }.
what-stays = What stays
what-stays-says = { $partner } is still billed for what it sold you, and still responsible for your support.
what-stays-sold = Who sold you what stays as it is.
done-removed = { $count ->
    [0] Nothing had to be removed.
   *[other] { $partner } no longer administers { $services }.
}

nothing-to-say = There is nothing to propose or agree to
nothing-to-say-says = The relationship is as you ask already, or you have proposed it and the other side has not answered.
commercial-is = Commercial relationship: { $state }
say-propose-end = Propose to end your commercial relationship with { $other }?
say-propose-end-says = It ends only when { $other } agrees. Until then nothing changes, and you can take it back.
say-propose-end-now = Propose to end it
say-propose-end-done = You proposed to end your commercial relationship with { $other }.
say-propose-reinstate = Propose to reinstate your commercial relationship with { $other }?
say-propose-reinstate-says = It stands again only when { $other } agrees. Until then nothing changes, and you can take it back.
say-propose-reinstate-now = Propose to reinstate it
say-propose-reinstate-done = You proposed to reinstate your commercial relationship with { $other }.
say-agree-end = Agree to end your commercial relationship with { $other }?
say-agree-end-says = { $side ->
    [partner] { $other } proposed it. If you agree it ends at once: you are no longer billed, and no longer responsible for its support.
   *[customer] { $other } proposed it. If you agree it ends at once: { $other } is no longer billed, and no longer responsible for your support.
}
say-agree-end-now = Agree to end it
say-agree-end-done = Your commercial relationship with { $other } has ended.
say-agree-reinstate = Agree to reinstate your commercial relationship with { $other }?
say-agree-reinstate-says = { $side ->
    [partner] { $other } proposed it. If you agree it stands again at once: you are billed again, and responsible for its support.
   *[customer] { $other } proposed it. If you agree it stands again at once: { $other } is billed again, and responsible for your support.
}
say-agree-reinstate-now = Agree to reinstate it
say-agree-reinstate-done = Your commercial relationship with { $other } stands again.
say-take-back = Take back your proposal to { $other }?
say-take-back-says = Then nothing is proposed any more, and the relationship with { $other } stays as it is.
say-take-back-now = Take the proposal back
say-take-back-done = You took back your proposal to { $other }.

column-revision = Revision
column-when = When
column-what = What happened
column-by = By
changes-says = What happened to { $customer }, newest first. Each revision leads to how everything was then.
changes-none = Nothing happened yet.
another-partner = another partner
event-partner-registered = { $partner } was registered.
event-partner-changed = What is known of { $partner } changed.
event-customer-registered = Your organization was registered.
event-customer-changed = What is known of your organization changed.
event-sold = { $partner } sold you { $subscription } of { $service }.
event-added = { $subscription } of { $service } was registered; it adds to { $parent }.
event-bought = { $subscription } of { $service } was registered; no partner is named as its seller.
event-subscription-changed = { $subscription } changed: { $members }.
event-accepted = You accepted { $partner } for { $services }.
event-gained = { $partner } administers { $service } from then on.
event-removed = You removed { $partner } from { $service }.
event-displaced = { $partner } lost { $service } to { $other }.
event-ended-elsewhere = { $partner } no longer administers { $service }; that was told from elsewhere.
event-began = Your commercial relationship with { $partner } began.
event-ended = Your commercial relationship with { $partner } ended.
event-reinstated = Your commercial relationship with { $partner } was reinstated.
event-you-propose-end = You proposed to { $partner } to end the commercial relationship.
event-you-propose-reinstate = You proposed to { $partner } to reinstate the commercial relationship.
event-it-proposes-end = { $partner } proposed to end the commercial relationship.
event-it-proposes-reinstate = { $partner } proposed to reinstate the commercial relationship.
event-you-took-back = You took back your proposal to { $partner }.
event-it-took-back = { $partner } took back its proposal.
event-imported = Facts were brought in from elsewhere.

being-made = This is being worked out
being-made-says = It takes more than a moment.
come-place = It waits for its turn, at place { $done }.
come-examinations = Examinations that wait for their turn, this one among them: { $done }.
come-so-far = Steps done so far: { $done }.
come-answers-so-far = Answers worked out so far: { $done }.
come-rows = { $done } of { $count } rows of the tables are decided.
come-proofs = { $done } of { $count } proofs of rules and promises are made.
come-answers = { $done } of { $count } answers are worked out.
come-changes = { $done } of { $count } entries of the journal are read.
come-records = { $done } of { $count } records are read.
come-resources = { $done } of { $count } partners, customers, services and subscriptions are compared.
being-made-bar = How far it has come
being-made-again = This page loads itself again.
being-made-leave = The work goes on when you leave, and what it comes to is kept for you for { $minutes } minutes.
made-at = Worked out at { $at }.
waiting-gone = This is not kept any more
waiting-done = What you sent was done
waiting-done-says = It was done on { $at }; the page that said so is not kept any more.
waiting-not-done = What you sent was not done
waiting-not-done-says = Nothing was changed: the service stopped before its turn came, you were signed out, or it was refused. Open the page again and send it from there if it is still wanted.
waiting-gone-says = If you sent a form, it may have been done all the same: look at what it was about before you send it again.
