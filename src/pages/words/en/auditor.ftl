# Sentences of the auditor's pages.

column-record = Record
column-records = Records
column-who-asked = Who asked
column-asked = What was asked
column-root = Root of the tree
column-note = Signed checkpoint
column-verdict = Decided
column-then-decided = Then
column-now-decided = Now
column-differs = What is missing or differs
column-wrong = What is wrong
column-detail = In detail

ledger-says = Every answer this service gives has a record here. { $count ->
    [one] One is kept.
   *[other] { $count } are kept.
}
ledger-none = No record holds all of that. { $count ->
    [one] One is kept.
   *[other] { $count } are kept.
}
cursor-wrong = The place to go on from was none of this list, so it begins from the beginning.
field-subject = Subject
field-action = Action
field-resource = Resource
field-decision = Answer
field-reason = Reason
field-from = From
field-to = Until
field-order = Order
field-caller = Who asked
field-rule = A rule that decided
field-rules = Set of rules
field-asked = Kind of question
field-requestId = Request
for-example = For example
any = any
order-newest = newest first
order-oldest = oldest first
more-fields = More fields
search-all = Show all
record-kind-evaluation = a question
record-kind-search = a search
record-kind-look = a look at what one may do oneself
record-kind-call = a call of this service
missing-title = Not every record can be read
missing-records = { $count ->
    [one] Record { $first } belongs here and cannot be read.
   *[other] { $count } records from { $first } to { $last } belong here and cannot be read.
}
mistake-entity = Write a type and an id, as in Partner::contoso
mistake-caller = Write a caller as records name it, as in partner:contoso, visitor or operator:local
mistake-choice = Choose one of those the page offers
mistake-moment = Write a day as 2026-11-26, or a time as 2026-11-26T12:00:00Z
mistake-digest = Write the digest of a set of rules: 64 characters of 0 to 9 and a to f, or the first 8 or more
mistake-unknown_rules = No set of rules here has a digest that begins so
mistake-ambiguous_digest = Several sets of rules have digests that begin so. Write more of it
mistake-invalid_rules = This set of rules can no longer be read, so it decides nothing
mistake-unknown_decision = There is no such record
mistake-number = Write the number of a record
mistake-id = Write an id: letters, digits, hyphens and dots
mistake-as-of = Write a revision, a day as 2026-11-26, or a time as 2026-11-26T12:00:00Z
mistake-no-such-moment = This store knows nothing of that moment
mistake-one-of = Write a customer or a partner, not both
mistake-unknown-customer = This customer is not known here, or was not at that moment
mistake-unknown-partner = This partner is not known here, or was not at that moment
mistake-note-empty = Paste a signed checkpoint
mistake-note = This is no signed checkpoint. Paste all of it: its lines, the empty one, and the signature

service-of = { $service } of { $customer }
this-service = this service
asked-whether = May { $subject } { $action } on { $resource }?
asked-who = Who may { $action } on { $resource }?
asked-on-which = On which { $kind ->
    [Subscription] subscriptions
    [Service] services
   *[other] { $kind }
} may { $subject } { $action }?
asked-what = What may { $subject } do on { $resource }?
asked-call = { $call } about { $resource }
asked-invalid = What came was no question
lead-whether = { $who } asked whether { $subject } may { $action } on { $resource }.
lead-who = { $who } asked who may { $action } on { $resource }.
lead-on-which = { $who } asked on which { $kind ->
    [Subscription] subscriptions
    [Service] services
   *[other] { $kind }
} { $subject } may { $action }.
lead-what = { $who } asked what { $subject } may do on { $resource }.
lead-call = { $who } made the call { $call } about { $resource }.
lead-call-plain = { $who } made the call { $call }.
lead-invalid = { $who } sent what was no question.
found-count = { $count ->
    [0] nothing found
    [one] one found
   *[other] { $count } found
}
found-says = { $count ->
    [0] Nothing was found.
    [one] One was found.
   *[other] { $count } were found.
}
answer-was-yes = The answer was yes.
answer-was-no = The answer was no.
call-allowed = The rules allowed it.
call-refused = The rules did not allow it.
outcome-revision = It made revision { $revision }.
outcome-done = It was done, and changed no fact.
outcome-unchanged = Nothing had to change.
outcome-refused = It could not be done: { $why }

record-title = Record { $seq }
older = Older: { $seq }
newer = Newer: { $seq }
record-unreadable-title = This record cannot be shown
record-damaged = It is not as it was written. The verification of the ledger says what was changed.
record-absent = It was moved to an archive file, which is missing or cannot be read. Bring the file back.
written-title = It is the record that was written
written-not-title = It is not the record that was written
written-signed = Its hash leads to the checkpoint of { $count } records that this service signed.
written-here = Its hash leads to the root of the { $count } records there are. No signed checkpoint reaches it yet.
written-otherwise = Its hash leads to the root of the first { $count } records here, and this service signed another root for them.
written-not = Its hash does not lead to the root of the { $count } records.
written-caution = Whoever holds the signing key could sign another history.
compare-kept = Compare with a checkpoint you kept
proof-show = Show the proof
proof-says = Each step is hashed with what came before it, as RFC 9162 says. The last one has to be the root.
proof-leaf = Hash of its leaf
proof-step = Step { $step }
proof-root = Root of { $count } records
proof-download = Download the proof, to be checked elsewhere
decide-by-current = Decide it by the rules in force
what-was-asked = What was asked
what-was-answered = What was answered
facts-title = The facts it turned on, at revision { $revision }
as-stored = As it is stored
others-about = others about it
asked-kind = Kind
asked-at = Asked at
asked-about = What it was about
asked-said = Said besides
asked-action-said = Said of the action
asked-subject-said = Claimed of the subject
asked-resource-said = Claimed of the resource
asked-by = Asked by
asked-person = Person
asked-proof = Known by
asked-trace = Trace
asked-wrong = What was wrong
proof-token = access token { $id }
proof-jwt = a token of { $issuer }
proof-sign-in = a sign-in at { $issuer }
proof-certificate = the client certificate { $sha256 }
proof-socket = reaching the socket on the machine itself
proof-unasked = nothing: no credentials are asked here
proof-service = the service itself
verdict-answer = Answer
verdict-reason = Reason
verdict-rules = Rules that decided
verdict-page = SHA-256 of the page
verdict-set = Set of rules
verdict-engine = Engine
admitted-by = Rules that let it be asked
rule-fault = A rule could not be worked out
came-of-it = What came of it
facts-at = End dates as of
fact-partner = Partner { $id }
fact-partner-is = { $kind }, { $status }
fact-customer = Customer { $id }
fact-known = is known
fact-service = Administrators of { $id }
fact-subscription = Subscription { $id }
fact-sold = { $service }, { $status }, sold by { $other }
fact-bought = { $service }, { $status }, bought directly
fact-add-on = { $service }, { $status }, adds to { $other }
fact-relationship = Commercial relationship of { $id }
fact-operator = Operator { $id }
fact-subject = The subject
fact-resource = The resource
stored-sha256 = SHA-256 of the bytes
stored-world = World
stored-where = Where
stored-here = in the ledger of the store
stored-archive = in the archive file { $file }
stored-bytes = Bytes
stored-count = { $count }, exactly as hashed
stored-download = Download the exact bytes
stored-show = Show it
stored-show-says = Laid out for reading. The download has the exact bytes.

replay-title = Record { $seq }, decided again
replay-says = It is decided from the facts it holds, { $by }.
by-then = by the rules it names
by-current = by the rules in force
by-set = by the set of rules { $set }
by-which-rules = By which rules
rules-then = those that decided then
rules-current = those in force now
rules-other = Another set, by its digest
decide-again = Decide again
same-title = Decided again, the answer is the same
same-says = By the rules it names, from the facts it holds: same answer, same reason, same rules.
same-by-others = Decided { $by }: same answer, same reason, same rules.
same-no-question = What came was no question, so nothing was decided and nothing can turn.
differs-title = Decided again, it comes out otherwise
differs-says = By the rules it names, from the facts it holds, something else comes out. Verify the ledger.
differs-by-others = Decided { $by }, something else comes out.
undecidable-title = It cannot be decided again here
undecidable-says = Something that is needed is missing.
facts-disagree-title = The store says otherwise
facts-disagree-says = Of that revision the store does not say what this record says was found.
missing-record = The record itself is missing.
missing-rules = The set of rules is missing.
missing-facts = The facts are missing.
missing-world = The world it was about is missing.
missing-page = The page of the search cannot be found again.
missing-engine = Another engine decided.
not-known = not known
side-by-side = Then and now
replay-all = Decide the ledger again
replay-all-says = Each record is decided again from the facts it holds. Only what comes out otherwise is listed.
range-from = First record
range-to = Last record
all-same-title = Nothing comes out otherwise
all-differ-title = Something comes out otherwise
all-says = { $count ->
    [one] One record was decided again, { $by }.
   *[other] { $count } records were decided again, { $by }.
}
all-same = The same: { $count }
all-different = Otherwise: { $count }
all-turned = Of these with the opposite answer: { $count }
all-undecidable = Not decidable for want of something: { $count }
all-facts = Where the store says otherwise: { $count }
all-not-yet = That is as many as one page goes through.
all-go-on = Go on from record { $seq }
all-listed = What comes out otherwise
all-more = { $count } more are not listed.

verification = Verify the ledger
verification-says = Walks along all { $count } records and holds each against the hash tree, the signed checkpoints, the journal and the tables.
verify-now = Verify now
verify-again = Verify again
verification-long-title = It takes longer than a page may
verification-long-says = { $count } records are as they were written so far. On the machine itself { $command } goes on to the end.
verification-outside = A store that lies could lie here too. Outside of it, an export is verified with the public key alone:
walked-records = Records
walked-archived = Of these in archive files
walked-checkpoints = Signed checkpoints that agree
walked-root = Root of the tree
as-written = Everything is as it was written
as-written-says = No record, entry of the journal or fact was changed, left out or put in.
not-as-written = Record { $seq } is the first that is not as it was written
not-as-written-says = { $count ->
    [one] One thing is not as it was written.
   *[other] { $count } things are not as they were written.
}
findings = What is not as it was written, the first record first
broken-changed = it was changed
broken-dropped = it is gone
broken-inserted = it was put in
broken-swapped = it stands in the place of another, and that in its place
broken-moved = it stands in the place of another
broken-tree = the hash tree is not what it was
broken-unreadable = it cannot be read
broken-journal = the journal is not what the records say
broken-table = a fact, token, key or set of rules is not what the journal says
broken-checkpoint = a signed checkpoint does not agree

checkpoints = Checkpoints
checkpoints-say = A checkpoint is a signed line: how many records there are, and the root of the tree over them. Whoever keeps one elsewhere can tell later whether the ledger has only grown since.
checkpoints-kept = Those kept here, newest first
checkpoints-none = None is kept yet.
checkpoints-all = Those kept here
checkpoint-wrong = not believed
checkpoint-compared = A checkpoint, compared
note-download = Download the one of { $count } records
compare = Compare with one you kept
checkpoint-compare-says = Paste the signed checkpoint as you kept it. Nothing is changed.
compare-now = Compare
note = Signed checkpoint
ledger-key = The public key
ledger-key-says = Checkpoints of this ledger are signed with
ledger-key-download = Download the public key
consistent-title = Consistent
consistent-says = The ledger of { $from } records that was signed then is the beginning of the { $to } records there are. It has only grown.
other-title = Not consistent: another history was signed
other-says = This checkpoint was signed with the key of this ledger over { $count } records, and those here are not the same.
root-signed = Root that was signed
root-here = Root here
beyond-title = Not consistent: records are gone
beyond-says = This checkpoint was signed over { $size } records, and here are { $records }. Records are gone, or this is an older copy of the store.
other-ledger-title = It is of another ledger
other-ledger-says = It names { $origin }, and nothing of it can be held against this ledger.
not-signed-title = This ledger’s key did not sign it
not-signed-says = It names this ledger, and its signature is not by a key of it. It was changed since, or somebody else signed it.

journal-says = What happened to customers, partners and subscriptions, newest first. Each revision has an address of its own.
changes-customer = Customer
changes-partner = Partner
changes-event = What happened
changes-from = From
changes-to = Until
changes-none-such = Nothing of that happened.
journal-reseller-relationship-accepted-by-customer = a request was accepted
journal-dap-admin-relationship-approved = administration of a service began
journal-dap-admin-relationship-terminated = administration of a service ended
journal-commercial-relationship-began = a commercial relationship began
journal-commercial-relationship-renegotiation-proposed = an end or a reinstatement was proposed
journal-commercial-relationship-renegotiation-withdrawn = a proposal was taken back
journal-commercial-relationship-ended = a commercial relationship ended
journal-commercial-relationship-reinstated = a commercial relationship was reinstated
journal-partner-registered = a partner was registered
journal-partner-changed = a partner changed
journal-customer-registered = a customer was registered
journal-customer-changed = a customer changed
journal-subscription-provisioned = a subscription was registered
journal-subscription-changed = a subscription changed
journal-imported = facts were brought in
revision-title = Revision { $revision }
revision-says = Everything here happened together.
revision-review = { $customer }: who may do what { $after }, and { $before }
review-after = as of this revision
review-before = as of the one before
happened-customer = { $customer } was registered.
happened-customer-changed = What is known of { $customer } changed.
happened-sold = { $partner } sold { $customer } { $subscription } of { $service }.
happened-added = { $subscription } of { $service } was registered for { $customer }; it adds to { $parent }.
happened-bought = { $subscription } of { $service } was registered for { $customer }; no partner is named as its seller.
happened-subscription = { $subscription } of { $customer } changed: { $members }.
happened-accepted = { $customer } accepted { $partner } for { $services }.
happened-gained = { $partner } administers { $service } of { $customer } from then on.
happened-removed = { $customer } removed { $partner } from { $service }.
happened-displaced = { $partner } lost { $service } of { $customer } to { $other }.
happened-ended-elsewhere = { $partner } no longer administers { $service } of { $customer }; that was told from elsewhere.
happened-began = The commercial relationship of { $customer } and { $partner } began.
happened-ended = The commercial relationship of { $customer } and { $partner } ended.
happened-reinstated = The commercial relationship of { $customer } and { $partner } was reinstated.
happened-customer-proposes-end = { $customer } proposed to { $partner } to end the commercial relationship.
happened-customer-proposes-reinstate = { $customer } proposed to { $partner } to reinstate the commercial relationship.
happened-partner-proposes-end = { $partner } proposed to { $customer } to end the commercial relationship.
happened-partner-proposes-reinstate = { $partner } proposed to { $customer } to reinstate the commercial relationship.
happened-customer-took-back = { $customer } took back its proposal to { $partner }.
happened-partner-took-back = { $partner } took back its proposal to { $customer }.
happened-imported = Facts were brought in: { $partners } partners, { $customers } customers, { $subscriptions } subscriptions, { $grants } grants, { $relationships } commercial relationships.

review-says = Who may do what to the services and subscriptions of a customer, or as a partner, by which rule, since when, and when it was last used. Choose one.
review-customer = Customer
review-customer-hint = Its id, such as adatum
review-partner = Partner
review-partner-hint = Or the id of a partner
review-as_of = As of
review-as-of-hint = A revision, a day or a time; empty for now
review-rules-then = those in force at that moment
review-now = Review
