# Sentences of the pages about rules.

nav-rules = In force
nav-rules-all = Rules
nav-rules-tables = Tables
nav-rules-files = Files
nav-rules-proposals = Proposals
nav-rules-history = History
column-standing = Standing
column-relationship = Commercial relationship
column-yes = Yes
column-no = No
column-signed = Signed
column-what-it-does = What it does
column-file = File
column-question = The question it answers
column-source = Source
column-set = Set of rules
column-in-force-since = In force since
column-state = State
column-proposal = Proposal
column-who = Who
column-rows = Rows
fact-set = Set of rules
fact-in-force-since = In force since
fact-comment = What was said with it
fact-folder = Folder of its files

rules-title = The rules in force
rules-lead = These rules decide who may do what. Every answer names the rule it comes from.
rules-by-start = the service, as it started
rules-by-files = whoever changed the files
rules-by-built-in = the program: they are built in
rules-why-start = the service started with them
rules-why-files = their files were changed
rules-why-published = they were proposed and approved
rules-why-rolledBack = they were called back
rules-emergency = emergency
rules-no-evidence = Nothing is kept of what was known of these rules.
rules-refused = A change of the rules was refused
rules-refused-says = It was refused on { $at }. The rules above stay in force.
rules-scheduled = Others come in force later
rules-scheduled-says = They come in force on { $at }, unless the proposal is withdrawn before.
rules-from-files = The rules come from files
rules-from-files-says = To change them, edit the files. Here you can read them.
rules-passed-over = Files in the folder that are no part of the rules
rules-this-set = Everything about this set

tables-says = Each table holds every answer to one action.
tables-in-force = These are the answers of the rules in force, { $set }.
tables-of-set = These are the answers of the set { $set }, which is not in force.
table-title = { $action }: every answer
table-counts = { $yes } yes, { $no } no.
table-signed = signed
table-unsigned = not signed
table-signed-says = A person signed these answers.
table-said = For a caller that says no more than it has to:
table-none = No partner can ask for this on a service or a subscription.
table-owed = Owed whatever the answer is
back-to-tables = Back to the tables

files-says = { $count } files make up the set { $set }. Each holds one rule, and says which question it answers.
files-api = Who may call this service
files-never-api = What no call of this service may do
files-may = What partners may do
files-never = What refuses them
files-always = What is promised, and proved
files-tables = Answers that people signed
files-other = Schemas and pages beside the rules
file-of-set = Of the set { $set }.
file-text = The text of { $path }
file-decides = What it decides
file-decides-rows = { $yes } rows yes, { $no } rows no
back-to-files = Back to the files

history-says = Every set of rules that was in force here, oldest first.
back-to-history = Back to the history
set-title = The set of rules { $set }
set-in-force = It is in force now.
set-when = When it was in force
set-never = It was proposed, and never in force.
set-compare = Compare with the rules in force
set-go-back = Go back to it
set-files = Its files
compare-title = Two sets of rules compared
compare-says = What changes from { $from } to { $to }.
compare-same = They are the same.

history-proposed = proposed by { $who }
proposals-none = Nothing was proposed yet.
proposals-open = Open proposals
proposals-none-open = No proposal waits.
proposal-number = Proposal { $number }
proposal-title = Proposal { $number }: { $title }
proposal-open = open
proposal-scheduled = approved, comes in force later
proposal-activated = came in force
proposal-withdrawn = withdrawn
proposal-notActivated = approved, and did not come in force
proposal-by = Proposed by
proposal-over = Over the rules
proposal-from = To come in force on
proposal-approved-by = Approved by
proposal-ended-by = Ended by
proposal-decide = Decide
proposal-waits = It is approved and waits for its time. Until then it can be withdrawn.
proposal-may-approve = You did not propose this, so you may approve it. The ledger keeps who approved, when, and on this evidence.
proposal-go-on = Go on to approve
proposal-withdraw = Withdraw it
back-to-proposals = Back to the proposals
back-to-proposal = Back to the proposal
why-not = You may not approve this.
why-not-same_identity = You proposed or edited this, so somebody else approves it.
why-not-same_hand = Your token was made with that of whoever proposed this, or the other way round. Somebody else approves it.
why-not-no_person = Nobody can say who you are here, and rules come in force by two persons. Sign in with a token of your own.
why-not-person_needed = Approving needs somebody whom the company’s sign-in knows.
why-not-rules_come_from_files = The rules come from files here, so nothing is approved.
why-not-proposal_closed = It is no longer open.

evidence-proved = It can be put in force
evidence-proved-says = All { $claims } promises are proved for every possible input, and nothing that was found refuses it.
evidence-unproved = It can be put in force with a word why
evidence-unproved-says = Nothing that was found refuses it. Not all of its { $claims } promises are proved: they were checked on every row.
evidence-refused = It cannot be put in force
evidence-refused-says = { $count ->
    [one] One finding refuses it.
   *[other] { $count } findings refuse it.
}
evidence-turned = { $lost ->
    [0] No answer in the live world turns to no
    [one] One answer in the live world turns to no
   *[other] { $lost } answers in the live world turn to no
}, { $gained ->
    [0] none to yes.
    [one] one to yes.
   *[other] { $gained } to yes.
}
evidence-broken = Broken promises
live-title = Who gains and loses, in the live world
live-says = Every answer about everything registered was compared, at revision { $revision }: { $gained } turn to yes, { $lost } to no. { $partners ->
    [one] One partner
   *[other] { $partners } partners
}, { $customers ->
    [one] one customer
   *[other] { $customers } customers
} and { $subscriptions ->
    [one] one subscription
   *[other] { $subscriptions } subscriptions
} are concerned.
live-complete = { $count ->
    [0] They are told in the sentences above.
   *[other] All { $count } named.
}
live-cut = { $count } are named here; the numbers above count all.
live-others-gain = { $action }: gained by { $whom }
live-others-lose = { $action }: lost by { $whom }
live-unknown = It is not known what else turns:
rows-title = Rows of the tables that turn
rows-not-compared = Nothing was compared; what was found says why.
rows-none = No row turns.
rows-example = For example:
beyond-rows = What else turns, in no row:
beyond-rows-unknown = It is not known what turns besides these rows:
retitled-title = Titles and reasons that change
rows-reworded = { $count ->
    [one] One row keeps its answer and gets it from other rules or for another reason.
   *[other] { $count } rows keep their answer and get it from other rules or for another reason.
}
files-title = Changed files
files-changed = { $changed ->
    [0] No file is changed
    [one] One file is changed
   *[other] { $changed } files are changed
}, { $same } are the same.
file-added = added
file-removed = removed
file-changed = changed
file-both = { $path }, before and after
promises-title = Promises
promises-proved = { $proved } of { $count } proved.
promises-never-errs = It is proved that no rule errs.
promises-can-err = A rule can err.
promises-unknown-errs = It is not proved that no rule errs.
promises-solver = With { $solver }, which was asked { $count } questions.
promises-no-solver = There was no solver, so nothing is proved.
promises-each = Show each promise
promises-retired = Promises that went
promise-proved = proved
promise-checked = checked on every row
promise-unproved = not proved
promise-broken = broken
findings-title = What was found
findings-none = Nothing was found wrong.
finding-advice = advice

approval-title = Approve proposal { $number }?
approval-moved = The rules in force changed since it was proposed
approval-moved-says = It was proposed over { $base }, and { $current } are in force. Approving it puts its whole set in force, also where the others changed.
approval-moved-meanwhile = The rules in force changed while you looked, so nothing was approved.
approve-now = Approve proposal { $number }
field-comment = What you say with it, for the history
field-unproved = Why it is accepted without a proof
field-unproved-missing = Say why it is accepted without a proof
field-activate-at = When it is to come in force
field-activate-at-hint = As 2026-12-24T06:00:00Z. Empty is at once, or when the proposal says.
field-activate-at-wrong = Give a day and time as 2026-12-24T06:00:00Z, or leave it empty
field-activate-at-past = This moment has passed. Give a later one, or leave it empty
field-too-long = Say it in fewer words
done-approved = Proposal approved. Its rules are in force.
done-scheduled = Proposal approved. Its rules come in force at their time.
done-withdrawn = Proposal withdrawn.

rollback-title = Go back to the rules { $set }?
rollback-says = The rules { $from } are in force. { $to } would be in force again.
rollback-nothing = There is nothing to go back to: it is in force, or never was.
rollback-alone = This is an emergency: it takes effect at once
rollback-alone-says = The rules in force came a short time ago, so one person alone may go back to those before. It is said wherever the rules are shown.
rollback-two = Somebody else approves it
rollback-two-says = Going back is a proposal like any other. It takes effect when a second person approves it.
rollback-now = Go back to { $set }
back-to-set = Back to the set
done-rolled-back = The rules of before are in force again.
done-rollback-proposed = Going back is proposed. Somebody else approves it.

prove-again = Sign in again to go on
prove-again-says = { $minutes ->
    [0] No such change is made on a page here, however lately you signed in. Whoever runs the service set it so.
    [one] This change asks that you proved who you are in the last minute. Sign in, and you come back to where you were.
   *[other] This change asks that you proved who you are in the last { $minutes } minutes. Sign in, and you come back to where you were.
}

nav-rules-drafts = Drafts
column-draft = Draft
column-edited-by = Edited by
drafts-says = A draft changes files of a set of rules. Nothing it says decides anything until it is proposed and another person approves it.
drafts-none = There is no draft. Begin with the rules in force.
draft-begin = Begin a draft
draft-over = Changes the set
draft-changed = Changed last
draft-moved = The rules in force changed since
draft-moved-says = Bring it up to date before you propose it.
draft-up-to-date = Bring it up to date
draft-edit = Edit { $path }
draft-change-another = Change another file
draft-all-files = Every file of the set
draft-add = Add the file
draft-upload = Upload a folder or files
draft-upload-says = Each file is put into the draft as it is, all of them or none. Files that you do not send stay as they are.
draft-upload-now = Put them into the draft
field-folder = A folder
field-folder-hint = The one that holds policies and schemas. What editors and desktops leave in it is passed over.
field-files = Files
field-files-hint = Files of rules, one or several.
field-into = Which folder the files go into
field-into-hint = For files that are not in a folder, as policies/never
upload-into-missing = Say which folder the files go into
upload-nothing = Choose a folder or files of rules
upload-wrong-file = { $path } cannot be put into a draft. A file of rules is a .cedar, a .cedarschema or a .md below policies/ or schemas/, no part of its path begins with a dot, and it is text in UTF-8 of at most 1 MiB. Nothing was written.
done-uploaded = { $count ->
    [one] One file is in the draft as you sent it.
   *[other] { $count } files are in the draft as you sent them.
}
done-uploaded-but = { $count ->
    [one] One file is in the draft as you sent it.
   *[other] { $count } files are in the draft as you sent them.
} { $passed ->
    [one] One file was passed over, which an editor or the desktop left there: { $names }.
   *[other] { $passed } files were passed over, which an editor or the desktop left there, such as { $names }.
}
reason-draft_too_large = The draft would become too large. Nothing was written.
draft-propose = Propose it
draft-not-proposed = It was not proposed
draft-propose-nothing = It changes nothing yet.
draft-propose-says = It is reviewed first, which can take a minute. Whoever edited it cannot approve it.
draft-propose-now = Review and propose
draft-delete = Delete the draft
draft-file-new = There is no such file yet. It is added when you save it.
draft-file-removed = The draft removes this file. Saving brings it back.
draft-file-moved = Somebody saved this file meanwhile
draft-file-moved-says = Nothing is lost: on the left is what was saved, on the right what you typed, which is in the field too. Save again to put yours in its place.
draft-file-difference = What the draft changes
draft-file-saved = As it is saved
draft-file-remove = Remove the file
draft-file-undo = Undo the change
draft-save = Save
field-draft-name = What to call it
field-draft-name-missing = Give it a name
field-path = Path of a file to add
field-path-missing = Write the path of the file to add
field-path-wrong = Write a path under policies or schemas whose file ends in .cedar, .cedarschema or .md
field-path-hint = As policies/never/a-name.cedar
field-title = What it does, in a few words
field-why = Why it is wanted
field-text = Text
field-refusal = Why you say no
field-refusal-missing = Say why
back-to-drafts = Back to the drafts
back-to-draft = Back to the draft
done-file-saved = File saved.
done-file-removed = File removed from the draft.
done-file-undone = File as it is in the rules again.
done-up-to-date = The draft is up to date.
done-draft-deleted = Draft deleted.
done-proposed = Proposed. Another person approves it.
done-refused = Proposal refused.
withdrawal-title = Withdraw proposal { $number }?
withdrawal-says = Nobody can approve it any more. It stays in the list with its evidence, and its files can be proposed again.
withdrawal-not-yours = You read the rules here; you have nothing to withdraw.
withdraw-now = Withdraw proposal { $number }
draft-removal-title = Delete the draft { $draft }?
draft-removal-says = { $count ->
    [0] It changes no file.
    [one] What it changes in one file is lost.
   *[other] What it changes in { $count } files is lost.
} Proposals made of it stay.
draft-removal-now = Delete the draft { $draft }
base-title = Bring { $draft } up to date
base-says = The draft changes the set { $from }. It will change the set { $to }, which is in force now.
base-nothing = The draft stands over the rules in force. There is nothing to do.
base-conflicts = { $count ->
    [0] No file was changed by both sides. Every file that only one side changed is taken over.
    [one] One file was changed by both sides: say which text stays. Every file that only one side changed is taken over.
   *[other] { $count } files were changed by both sides: say for each which text stays. Every file that only one side changed is taken over.
}
column-in-force = In force
column-in-draft = In the draft
base-stays = Which text of { $path } stays
base-choose = Choose one
base-choose-missing = Choose which text stays
base-keep = The one of the draft
base-keep-none = None: the draft removes the file
base-take = The one in force
base-take-none = None: the rules in force are without the file
refusal-title = Say no to proposal { $number }?
refuse-now = Say no to proposal { $number }
proposal-refused = refused
proposal-say-no = Say no
why-not-unknown_proposal = There is no such proposal.
draft-evidence = Have it reviewed
evidence-title = { $name }: what is known of it
evidence-over = Compared with the set { $set }.
evidence-none-yet = It was not reviewed yet. A review proves every promise and compares every answer about everything registered.
evidence-begin = Begin the review
evidence-again = Review it again
evidence-leave = This page loads itself again. The review goes on when you leave it, and its result is kept with the draft.
evidence-ended = The review did not come to its end
evidence-old = The draft or the rules in force changed since
evidence-old-says = What follows is of the files as they were, compared with the set named above. Review it again.
evidence-at = Reviewed on { $at }.
file-too-long = These texts are too long to be put side by side.
draft-file-unreadable = It cannot be read as rules yet
draft-file-unsaved = It is not saved
reason-rules_moved = The rules in force changed since. Bring the draft up to date, or look again.
reason-draft_changed = Somebody changed the draft meanwhile. Look at it again.
field-unproved-needless = Everything is proved by now, so leave this empty
