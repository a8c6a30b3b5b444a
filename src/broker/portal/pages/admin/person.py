"""One person: what they have and why, and all that an admin may change of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import abort, render_template, request
from sqlalchemy.orm import Session
from werkzeug import Response

from ....classes import PUBLIC
from ....errors import AccountsError, BrokerError
from ....foreign.addresses import folded_address
from ...access_requests import requests_of
from ...acts.facts import AccountFacts
from ...acts.host import host_acts
from ...database.models import PersonState, PortalPerson
from ...events import events_of, note_event
from ...identity.account_names import is_account_name
from ...identity.accounts import is_tied
from ...identity.people import person_by_email, restore_person
from ...identity.sessions import end_sessions, sessions_of
from ...look.pages import requested_pages
from ...offboarding import (
    RemovalProof,
    off_board,
    off_board_account,
    proof_of,
    proof_of_account,
)
from ...seeing import see_as
from ...tokens import end_tokens, tokens_of
from ..acting import database, go, note, noted, refuse, settings, typed
from ..acting import person as acting_admin
from .blueprint import admin
from .subject import Subject, person_tied_to, subject_of

__all__: list[str] = []

_EVENTS = 20


@admin.get("/people/<int:person_id>")
@admin.get("/accounts/<account>")
def person(
    person_id: int | None = None, account: str | None = None
) -> str | Response | tuple[str, int]:
    """Everything of a person, or of an analyst who never signed in, looked up now."""
    if person_id is None:
        return _account_page(str(account))
    now = datetime.now(UTC)
    proof = proof_of(database(), host_acts(), person_id)
    if proof is None:
        abort(404)
    with database().read() as session:
        found = _found(session.get(PortalPerson, person_id))
        identities = list(found.identities)
        requests = requests_of(session, person_id)
        tokens = tokens_of(session, person_id)
        browsers = sessions_of(session, person_id, settings().instance.auth, now)
        total = events_of(session, person_id, count=0)[1]
        pages = requested_pages(total, _EVENTS, "events")
        events, _ = events_of(session, person_id, skip=pages.begin, count=_EVENTS)
    try:
        on_host, problem = host_acts().accounts.holder_of(found.account), ""
    except BrokerError as error:
        on_host, problem = None, str(error)
    tied = on_host if on_host is not None and is_tied(found, on_host.uid) else None
    return _page(
        Subject(found, found.account),
        proof,
        tied,
        problem,
        is_removed=found.state == PersonState.REMOVED,
        is_self=found.id == acting_admin().person_id,
        is_admin_by_file=found.email in settings().instance.auth.admins,
        identities=identities,
        other=on_host if tied is None else None,
        is_lost=found.account is not None and tied is None and not problem,
        requests=requests,
        tokens=tokens,
        browsers=browsers,
        events=events,
        pages=pages,
    )


def _account_page(name: str) -> Response | tuple[str, int]:
    """Of an account without a person; where it has one by now, to their page.

    404 where the host has no such account, 503 where it does not say.
    """
    try:
        account, problem = host_acts().accounts.analyst_now(name), ""
    except BrokerError as error:
        if not is_account_name(name):
            abort(404)
        account, problem = None, str(error)
    if account is None and not problem and "proof" not in request.args:
        abort(404)
    owner = person_tied_to(account) if account is not None else None
    if owner is not None:
        return go("admin.person", person_id=owner)
    with database().read() as session:
        email = folded_address(account.email) if account is not None else None
        namesake = person_by_email(session, email) if email is not None else None
    proof = proof_of_account(host_acts(), name)
    page = _page(Subject(None, name), proof, account, problem, namesake=namesake)
    return page, 503 if problem else 200


def _page(
    subject: Subject,
    proof: RemovalProof,
    account: AccountFacts | None,
    problem: str,
    **of_a_person: Any,
) -> str:
    """One page for both; ``account`` is what the host has of it."""
    return render_template(
        "admin/person.html",
        subject=subject,
        found=subject.person,
        account=account,
        problem=problem,
        proof=proof,
        shows_proof="proof" in request.args,
        classes=[name for name in settings().instance.class_names if name != PUBLIC],
        moment_now=datetime.now(UTC),
        **of_a_person,
    )


@admin.post("/people/<int:person_id>/classes")
@admin.post("/accounts/<account>/classes")
def change_class(person_id: int | None = None, account: str | None = None) -> Response:
    """Grant a class, or revoke it."""
    name, verb = typed("class", 31), typed("verb", 10)
    if name not in settings().instance.class_names or verb not in ("grant", "revoke"):
        abort(400)
    subject, accounts = subject_of(person_id, account), host_acts().accounts
    try:
        known = subject.account_now()
        act = accounts.grant if verb == "grant" else accounts.revoke
        target = f"{name} for {subject.label}"
        with noted(f"access.{verb}", target, subject=subject.person_id):
            act(acting_admin().email, known.id, name)
    except BrokerError as error:
        refuse(error)
    return subject.page(_anchor="access")


@admin.post("/people/<int:person_id>/keys/revoke")
@admin.post("/accounts/<account>/keys/revoke")
def revoke_key(person_id: int | None = None, account: str | None = None) -> Response:
    """End a key of theirs at once."""
    subject, fingerprint = subject_of(person_id, account), typed("fingerprint", 100)
    try:
        known = subject.account_now()
        target = f"{fingerprint} of {subject.label}"
        with noted("key.revoke", target, subject=subject.person_id):
            host_acts().accounts.revoke_key(acting_admin().email, known.id, fingerprint)
    except BrokerError as error:
        refuse(error)
    return subject.page(_anchor="keys")


@admin.post("/people/<int:person_id>/sign-out")
def sign_out(person_id: int) -> Response:
    """End every session and every token."""
    found = _person(person_id)
    with database().begin() as session:
        end_sessions(session, person_id)
        end_tokens(session, person_id)
        _note(session, person_id, "person.sign_out", found.email)
    return go("admin.person", person_id=person_id, _anchor="sign-in")


@admin.post("/people/<int:person_id>/admin")
def change_admin(person_id: int) -> Response:
    """Make an admin, or no longer."""
    wish = typed("admin", 3)
    if wish not in ("yes", "no") or person_id == acting_admin().person_id:
        abort(400)
    with database().begin() as session:
        found = _found(session.get(PortalPerson, person_id))
        if found.state == PersonState.REMOVED:
            abort(400)
        found.is_admin = wish == "yes"
        verb = "admin.grant" if found.is_admin else "admin.revoke"
        _note(session, person_id, verb, found.email)
    return go("admin.person", person_id=person_id)


@admin.post("/people/<int:person_id>/remove")
@admin.post("/accounts/<account>/remove")
def remove(person_id: int | None = None, account: str | None = None) -> Response:
    """Off-board: all in one act, and then the proof."""
    subject = subject_of(person_id, account)
    try:
        if subject.person is not None:
            off_board(database(), host_acts(), acting_admin(), subject.person.id)
        else:
            on_host = subject.account_now()
            person_id = off_board_account(database(), host_acts(), acting_admin(), on_host)
    except BrokerError as error:
        refuse(error)
        return subject.page() if subject.person is None else subject.page(proof="1")
    return subject_of(person_id, account).page(proof="1")


@admin.post("/people/<int:person_id>/readmit")
def readmit(person_id: int) -> Response:
    """Let a removed person sign in again, and register anew where their account is gone."""
    known, is_gone = _person(person_id), False
    if known.account is not None:
        try:
            on_host = host_acts().accounts.analyst_now(known.account)
            is_gone = on_host is None or not is_tied(known, on_host.uid)
        except BrokerError as error:
            refuse(error)
    with database().begin() as session:
        found = _found(session.get(PortalPerson, person_id))
        restore_person(found)
        if is_gone and _has_tie_of(found, known):
            found.account = found.account_uid = None
        _note(session, person_id, "person.readmit", found.email)
    return go("admin.person", person_id=person_id)


@admin.post("/people/<int:person_id>/account")
def change_tie(person_id: int) -> Response:
    """Say whose the account is by whose name the person's own one went: theirs, or not.

    ``uid`` is the number of the account that the admin looked at.
    """
    answer, uid = typed("answer", 10), typed("uid", 10)
    known = _person(person_id)
    if answer not in ("theirs", "other") or known.account is None:
        abort(400)
    try:
        on_host = host_acts().accounts.analyst_now(known.account)
        if on_host is not None and is_tied(known, on_host.uid):
            raise AccountsError("this account is tied to the person already", where=known.account)
        if answer == "theirs" and (on_host is None or str(on_host.uid) != uid):
            raise AccountsError("the host has another account by now", where=known.account)
        if answer == "other" and on_host is not None and _has_address(on_host, known):
            raise AccountsError(
                "this account has the address of the person, who would get it again",
                where=known.account,
                remedy="Remove it on the host first, or say that it is theirs and revoke its keys.",
            )
        with database().begin() as session:
            found = _found(session.get(PortalPerson, person_id))
            if not _has_tie_of(found, known):
                raise AccountsError("another admin has answered this", where=known.account)
            if answer == "theirs":
                _check_active(found)
                found.account_uid = int(uid)
            else:
                found.account = found.account_uid = None
            verb = "account.tie" if answer == "theirs" else "account.untie"
            target = f"{known.account} of {found.email}"
            _note(session, person_id, verb, target)
    except BrokerError as error:
        refuse(error)
    return go("admin.person", person_id=person_id, _anchor="access")


@admin.post("/people/<int:person_id>/see-as")
def see(person_id: int) -> Response:
    """Look at the portal as this person does."""
    found = _person(person_id)
    if found.state == PersonState.REMOVED or person_id == acting_admin().person_id:
        abort(400)
    note("see_as", found.email, subject=person_id)
    see_as(person_id)
    return go("home.home")


def _person(person_id: int) -> PortalPerson:
    with database().read() as session:
        return _found(session.get(PortalPerson, person_id))


def _found(person: PortalPerson | None) -> PortalPerson:
    if person is None:
        abort(404)
    return person


def _check_active(person: PortalPerson) -> None:
    if person.state == PersonState.REMOVED:
        raise AccountsError("this person was removed from the portal", where=person.email)


def _note(session: Session, person_id: int, verb: str, target: str) -> None:
    """What the admin did to this person, in the same transaction."""
    note_event(session, acting_admin().person_id, verb, target, subject=person_id)


def _has_address(account: AccountFacts, person: PortalPerson) -> bool:
    return folded_address(account.email) == person.email


def _has_tie_of(person: PortalPerson, before: PortalPerson) -> bool:
    """Whether no one changed it while the host was asked."""
    return (person.account, person.account_uid) == (before.account, before.account_uid)
