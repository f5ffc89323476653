"""What the public AuthZEN clients of PyPI ask over https, and what they are answered.

tour.py [--refused] BASE TOKEN FOLDER

The authority that they believe is in `SSL_CERT_FILE`; with `--refused` it is another one, and none may get an answer.
FOLDER holds the certificate of the server, for the token endpoint that one of them has to ask first.
"""

import asyncio
import http.server
import json
import logging
import os
import ssl
import sys
import threading

# This machine's OpenSSL need not be one that was certified, without which empowernow-sdk asks nothing.
os.environ["EMPOWERNOW_FIPS_DISABLE"] = "1"

import apparitor
import authzen_backend
import decern
from apparitor.client import AuthZENClient
from apparitor.models import (
    Action,
    BatchEvaluationRequest,
    EvaluationItem,
    EvaluationRequest,
    EvaluationsOptions,
    Resource,
    Subject,
)
from empowernow_common.authzen import models as empowernow
from empowernow_common.authzen.secure_client import SecureEnhancedPDP, SecurePDPConfig

is_refused = sys.argv[1] == "--refused"
base, token, folder = sys.argv[-3:]
assert base.startswith("https://"), base
# What a client says of a refusal is looked at here, and not printed.
logging.disable(logging.CRITICAL)

SELLER, OTHER = "auth:account:agentmesh:contoso", "auth:account:agentmesh:fabrikam"
RIGHT = [(SELLER, True), (OTHER, False)]


class NoAnswer(Exception):
    """A client came to no answer, and does not say by what."""


def whole(refusal: BaseException | None) -> str:
    """What a refusal says, and all that it came from."""
    said = []
    while refusal and len(said) < 32:
        said.append(repr(refusal))
        refusal = refusal.__cause__ or refusal.__context__
    return " ".join(said)


def of_decern(token: str, partner: str) -> bool:
    client = decern.Client(base, token=token)
    asked = client.evaluate({"type": "Partner", "id": partner}, "removeSeats", {"type": "Subscription", "id": "s-office"})
    return asked.allowed


def of_apparitor(token: str, partner: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    # It asks no host of this machine otherwise; the certificate is verified all the same.
    config = apparitor.ScannerConfig(
        pdp_url=base, allow_insecure_pdp=True, verify_tls=True, default_headers=headers, max_retries=0
    )
    subject, action = Subject(type="Partner", id=partner), Action(name="removeSeats")
    resource = Resource(type="Subscription", id="s-office")

    async def ask() -> bool:
        async with AuthZENClient(config) as client:
            one = await client.evaluate(EvaluationRequest(subject=subject, action=action, resource=resource))
            many = await client.evaluate_batch(
                BatchEvaluationRequest(
                    subject=subject,
                    resource=resource,
                    evaluations=[EvaluationItem(action=action), EvaluationItem(action=Action(name="nothing"))],
                    options=EvaluationsOptions(evaluations_semantic="execute_all"),
                )
            )
            assert [each.decision for each in many.evaluations] == [one.decision, False], many
            return one.decision

    return asyncio.run(ask())


def of_policy_backend(token: str, partner: str) -> bool:
    url = f"{base}/access/v1/evaluation"
    context = {
        "agent_id": partner,
        "action": "removeSeats",
        "resource_type": "Subscription",
        "resource_id": "s-office",
    }
    about = {"token": token, "default_subject_type": "Partner", "timeout": 30.0}
    with authzen_backend.AuthZENBackend(url, "tour", **about) as backend:
        asked = backend.evaluate(context)
    # An error is a no of its own, with nothing that came back.
    if asked.raw_result is None:
        raise NoAnswer(asked.reason)

    async def again() -> bool:
        async with authzen_backend.AsyncAuthZENBackend(url, "tour", **about) as backend:
            return (await backend.evaluate(context)).allowed

    assert asyncio.run(again()) is asked.allowed
    return asked.allowed


class TokenEndpoint(http.server.BaseHTTPRequestHandler):
    """Gives whoever asks for one the token that its client id is."""

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = dict(field.split("=", 1) for field in form.split("&"))
        body = json.dumps({"access_token": fields["client_id"], "token_type": "Bearer", "expires_in": 3600}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def token_endpoint() -> str:
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TokenEndpoint)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
    served.socket = context.wrap_socket(served.socket, server_side=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    return f"https://127.0.0.1:{served.server_port}/token"


def of_empowernow(token: str, partner: str) -> bool:
    config = SecurePDPConfig(
        base_url=f"{base}/access", client_id=token, client_secret="none", token_url=endpoint, enable_response_caching=False
    )

    async def ask() -> bool:
        async with SecureEnhancedPDP(config=config) as client:
            asked = await client.evaluate(
                empowernow.SecureAuthRequest(
                    subject=empowernow.SecureSubject(type="Partner", id=partner),
                    action=empowernow.SecureAction(name="removeSeats"),
                    resource=empowernow.SecureResource(type="Subscription", id="s-office"),
                    context=empowernow.SecureContext(),
                )
            )
            # An error is a no with one of these counted.
            if client._metrics["security_violations"]:
                raise NoAnswer
            return asked.decision

    return asyncio.run(ask())


endpoint = token_endpoint()
for name, ask in [
    ("decern", of_decern),
    ("apparitor", of_apparitor),
    ("authzen-policy-backend", of_policy_backend),
    ("empowernow-sdk", of_empowernow),
]:
    if not is_refused:
        for partner, right in RIGHT:
            assert ask(token, partner) is right, f"{name}: {partner}"
    try:
        answer = ask(token if is_refused else "wrong", SELLER)
    except Exception as refusal:
        said = whole(refusal).lower()
        if is_refused:
            # Two of them do not say why there was no answer.
            assert isinstance(refusal, NoAnswer) or "certificate" in said or "ssl" in said, said
        else:
            assert name == "empowernow-sdk" or "401" in said, said
    else:
        sys.exit(f"{name} got an answer that it should not: {answer}")
    print(f"{name}: " + ("refused, by another authority" if is_refused else "a yes, a no, and a wrong token refused"))
