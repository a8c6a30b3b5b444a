"""What a person asks of their own account: who they are, keys, certificates, datasets."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import current_app, g

from ...errors import BrokerError
from ..acts.facts import AccountFacts, KeyOfAccount, moment_of
from ..acts.host import host_acts
from ..acts.pasted import pasted_key
from ..audience_catalog import index_for
from ..datasets import choose_datasets, dataset_states, left_out
from ..events import note_event
from ..registration import register
from ..viewer import audience_of
from .caller import api_viewer, database
from .models import (
    AccountKeys,
    ApiDataset,
    ApiDatasets,
    ApiKey,
    CertificateAnswer,
    CertificateWish,
    DatasetWish,
    KeyReplacement,
    Me,
    NewKey,
)
from .problem import ApiProblem

__all__ = [
    "add_key",
    "certificate",
    "datasets",
    "keys",
    "me",
    "replace_key",
    "revoke_key",
    "set_datasets",
]


def me() -> Me:
    """Who holds the token; what the host does not say now is left out."""
    viewer, host = api_viewer(), host_acts()
    try:
        facts = host.accounts.analyst(viewer.account_id)
    except BrokerError:
        facts = None
    return Me(
        email=viewer.email,
        name=viewer.name,
        account=viewer.account,
        is_admin=viewer.is_admin,
        classes=list(audience_of(viewer, host.classes).names),
        scopes=sorted(g.bearer.scopes),
        last_login=facts.last_login if facts else None,
        last_sync=facts.last_sync if facts else None,
    )


def keys() -> AccountKeys:
    """All keys of the account, as the host had them at most 10 seconds ago."""
    facts = _account(fresh=False)
    return AccountKeys(account=facts.name, keys=[_key(one) for one in facts.keys])


def add_key(body: NewKey) -> AccountKeys:
    """One more key; the first one makes the account."""
    viewer, accounts, key = api_viewer(), host_acts().accounts, pasted_key(body.key)
    account = viewer.account_id
    if account is None:
        instance = current_app.extensions["portal"].instance
        account = register(database(), host_acts(), viewer, key, instance)
    else:
        accounts.add_key(viewer.email, account, key.line, body.label)
        _note("key.add", key.fingerprint)
    facts = accounts.analyst(account, fresh=True)
    if facts is None:
        raise ApiProblem(503, "The host does not show the account yet.", {"Retry-After": "5"})
    return AccountKeys(account=facts.name, keys=[_key(one) for one in facts.keys])


def replace_key(key_id: str, body: KeyReplacement) -> AccountKeys:
    """A new key; the other one ends after the grace. Where that was done already, nothing is."""
    facts, old = _with_key(key_id)
    viewer, key, fingerprint = api_viewer(), pasted_key(body.key), old.fingerprint
    if old.is_revoked:
        if key.fingerprint not in [one.fingerprint for one in facts.accepted(datetime.now(UTC))]:
            raise _no_key()
        return keys()
    host_acts().accounts.rotate_key(viewer.email, facts.id, fingerprint, key.line, body.grace)
    _note("key.rotate", key.fingerprint, f"instead of {fingerprint}")
    return keys()


def revoke_key(key_id: str) -> None:
    """End a key at once; of one that is revoked already, nothing is left to do."""
    facts, key = _with_key(key_id)
    if not key.is_revoked:
        host_acts().accounts.revoke_key(api_viewer().email, facts.id, key.fingerprint)
        _note("key.revoke", key.fingerprint)


def certificate(body: CertificateWish) -> CertificateAnswer:
    """A short-lived certificate for a key of the account."""
    facts = _account()
    labels = [one.fingerprint for one in facts.accepted(datetime.now(UTC))]
    if body.fingerprint and body.fingerprint not in labels:
        raise ApiProblem(404, "The account has no such key that is accepted.")
    if not body.fingerprint and len(labels) != 1:
        raise ApiProblem(409, f"The account has {len(labels)} keys: send the fingerprint of one.")
    fingerprint = body.fingerprint or labels[0]
    found = host_acts().accounts.certificate(api_viewer().email, facts.id, fingerprint)
    _note("certificate.issue", fingerprint)
    return CertificateAnswer(
        certificate=str(found["certificate"]),
        fingerprint=str(found["fingerprint"]),
        serial=int(found["serial"]),
        until=moment_of(found["until"]),
    )


def datasets() -> ApiDatasets:
    """Which datasets the laptops get."""
    return _datasets(left_out(host_acts().accounts.analyst(api_viewer().account_id)))


def set_datasets(body: DatasetWish) -> ApiDatasets:
    """Choose; a dataset that is not named stays as it is."""
    viewer, accounts = api_viewer(), host_acts().accounts
    index = index_for(viewer)
    return _datasets(choose_datasets(database(), accounts, viewer, index, body.datasets))


def _datasets(out: frozenset[str]) -> ApiDatasets:
    return ApiDatasets(
        datasets=[
            ApiDataset(
                name=one.dataset.name,
                label=one.title,
                tables=one.dataset.tables,
                bytes=one.dataset.bytes,
                requires=list(one.needs),
                is_wanted=one.is_wanted,
            )
            for one in dataset_states(index_for(api_viewer()), out)
        ]
    )


def _account(*, fresh: bool = True) -> AccountFacts:
    facts = host_acts().accounts.analyst(api_viewer().account_id, fresh=fresh)
    if facts is None:
        raise ApiProblem(404, "You have no account on the host yet: add a key.")
    return facts


def _with_key(key_id: str) -> tuple[AccountFacts, KeyOfAccount]:
    """The account and its key, which may be revoked: a proxy repeats a PUT and a DELETE."""
    facts = _account()
    key = facts.key(key_id.replace("-", "+").replace("_", "/"))
    if key is None:
        raise _no_key()
    return facts, key


def _no_key() -> ApiProblem:
    return ApiProblem(404, "The account has no such key.")


def _key(one: KeyOfAccount) -> ApiKey:
    return ApiKey.model_validate(
        {
            "id": one.fingerprint.replace("+", "-").replace("/", "_"),
            "fingerprint": one.fingerprint,
            "type": one.type,
            "name": one.name,
            "comment": one.comment,
            "state": one.state(datetime.now(UTC)),
            "until": one.until,
            "is_declared": one.is_declared,
        }
    )


def _note(verb: str, target: str, detail: str = "") -> None:
    with database().begin() as session:
        note_event(session, api_viewer().person_id, verb, target, detail=detail)
