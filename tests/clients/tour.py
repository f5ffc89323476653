"""What a program in Python does with the client that `openapi-python-client` makes of the document of the API."""

import json
import sys
from io import BytesIO

from standing_client import AuthenticatedClient
from standing_client.api.asking import evaluate, evaluate_all, search_actions
from standing_client.api.remembering import list_changes, read_decision
from standing_client.api.telling import import_lines
from standing_client.models import (
    Action,
    ActionSearch,
    ChangeImported,
    ChangesPage,
    ChangeSubscriptionProvisioned,
    DecisionRecord,
    Entity,
    Evaluation,
    EvaluationRequest,
    EvaluationRequestContextType0,
    Evaluations,
    EvaluationsBatch,
    EvaluationsQuestion,
    FoundAction,
    Imported,
    Problem,
    ProblemCode,
    Reason,
    SearchAnswer,
)
from standing_client.types import File

# The demonstration asks for no credentials, and ignores what comes.
base_url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8181"
standing = AuthenticatedClient(base_url=base_url, token="none")
contoso = Entity(type_="Partner", id="contoso")
office = Entity(type_="Subscription", id="s-office")
remove_seats = Action(name="removeSeats")

# Ask, with circumstances that the action does not declare: they change nothing.
context = EvaluationRequestContextType0.from_dict({"ticket": "T-1", "urgent": True})
asked = evaluate.sync_detailed(
    client=standing, body=EvaluationRequest(subject=contoso, action=remove_seats, resource=office, context=context)
)
assert isinstance(asked.parsed, Evaluation), asked
assert asked.parsed.decision
assert [right.value for right in asked.parsed.context.standing or []] == ["originalReseller"], asked.parsed.context

# Ask why not: the reason is one of a closed list.
fabrikam = Entity(type_="Partner", id="fabrikam")
refused = evaluate.sync(
    client=standing, explain=True, body=EvaluationRequest(subject=fabrikam, action=remove_seats, resource=office)
)
assert isinstance(refused, Evaluation), refused
assert refused.context.reason is Reason.NOT_ORIGINAL_RESELLER, refused.context
assert refused.context.nearest and refused.context.nearest[0].set_.additional_properties, refused.context

# Ask many questions at once.
batch = evaluate_all.sync(
    client=standing,
    body=EvaluationsBatch(
        subject=contoso,
        resource=office,
        evaluations=[
            EvaluationsQuestion(action=remove_seats),
            EvaluationsQuestion(action=Action(name="provideSupport")),
        ],
    ),
)
assert isinstance(batch, Evaluations), batch
assert [answer.decision for answer in batch.evaluations] == [True, False], batch

# Search.
found = search_actions.sync(client=standing, body=ActionSearch(subject=contoso, resource=office))
assert isinstance(found, SearchAnswer), found
assert "removeSeats" in [result.name for result in found.results if isinstance(result, FoundAction)], found

# Import: one noun a line.
lines = "".join(json.dumps({"noun": "customer", "id": name, "name": name}) + "\n" for name in ("adventure", "proseware"))
imported = import_lines.sync(client=standing, body=File(payload=BytesIO(lines.encode())))
assert isinstance(imported, Imported), imported
assert imported.customers == 2, imported

# Follow the changes, each page from the `next` of the one before.
changes = []
after, complete = 0, False
while not complete:
    page = list_changes.sync(client=standing, after=after, limit=5)
    assert isinstance(page, ChangesPage), page
    changes += page.changes
    after, complete = page.next_, page.complete
assert isinstance(changes[-1], ChangeImported) and changes[-1].customers == 2, changes[-1]
sold = [change.subscription for change in changes if isinstance(change, ChangeSubscriptionProvisioned)]
assert "s-office" in sold, sold

# Read the record of the first answer, and of one that is not there.
seq = int(asked.headers["Standing-Decision"])
record = read_decision.sync(seq, client=standing)
assert isinstance(record, DecisionRecord), record
assert record.question.subject.id == "contoso", record
assert isinstance(record.facts["revision"], int), record
missing = read_decision.sync(999_999_999, client=standing)
assert isinstance(missing, Problem) and missing.code is ProblemCode.UNKNOWN_DECISION, missing

print(f"python: {len(changes)} changes followed, record {seq} read")
