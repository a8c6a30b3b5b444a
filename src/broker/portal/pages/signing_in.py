"""Signing in and out: by a provider, by a link, and the end of a session."""

from __future__ import annotations

from concurrent.futures import Executor

from flask import (
    Blueprint,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from ...errors import SignInError
from ...foreign.addresses import folded_address
from ..database.engine import Database
from ..database.models import PortalEvent, PortalPerson
from ..identity.current import (
    COOKIE_KEY,
    current_session_digest,
    current_viewer,
    forget_viewer,
    time_now,
)
from ..identity.doors import ProvenArrival, arrival_by_provider
from ..identity.limits import (
    LINKS_BY_ADDRESS,
    LINKS_BY_CLIENT,
    LINKS_IN_ALL,
    USES_BY_CLIENT,
    client_network,
    count_attempts,
)
from ..identity.local_path import local_path
from ..identity.magic_links import LinkRequest, deliver_link, link_address, mail_problem, use_link
from ..identity.openid import ProviderClient
from ..identity.people import person_who_arrived
from ..identity.sessions import end_session, start_session
from ..settings import PortalSettings

__all__ = ["signing_in"]

signing_in = Blueprint("signing_in", __name__)
_NEXT = "next"


@signing_in.get("/sign-in")
def choose() -> ResponseReturnValue:
    """Every door there is."""
    path = local_path(request.args.get(_NEXT))
    if current_viewer() is not None:
        return redirect(path, 303)
    return _choice(path)


def _choice(path: str, *, wrong: str | None = None) -> str:
    """``wrong`` is what was typed, and is not an address."""
    auth = _settings().instance.auth
    return render_template(
        "sign_in/choose.html",
        providers=auth.providers,
        has_links=auth.magic_link.enabled,
        path=path,
        is_out="out" in request.args,
        wrong=wrong,
    )


@signing_in.get("/sign-in/<name>")
def begin(name: str) -> ResponseReturnValue:
    """To a provider. A link and not a form: a form may lead to no other host."""
    client = _client(name)
    session[_NEXT] = local_path(request.args.get(_NEXT))
    return client.begin(_settings().url(url_for("signing_in.come_back", name=name)))


@signing_in.get("/sign-in/<name>/callback")
def come_back(name: str) -> ResponseReturnValue:
    """Back from a provider."""
    client = _client(name)
    claims = client.finish()
    path = local_path(session.get(_NEXT))
    auth, now = _settings().instance.auth, time_now()
    try:
        arrival = arrival_by_provider(auth, client.provider, claims)
        with _database().begin() as writing:
            person = person_who_arrived(writing, arrival, auth, now)
            token = _enter(writing, person, arrival)
    except SignInError as error:
        _note_refusal(name, claims.get("email"), error)
        raise
    return _signed_in(token, path)


@signing_in.post("/sign-in/email")
def send_link() -> ResponseReturnValue:
    """Request a link. What is done before the answer is the same for every address."""
    auth, now = _settings().instance.auth, time_now()
    if not auth.magic_link.enabled:
        abort(404)
    email = folded_address(request.form.get("email", ""))
    if email is None:
        typed = request.form.get("email", "")[:254]
        return _choice(local_path(request.form.get(_NEXT)), wrong=typed), 400
    limits = {
        LINKS_BY_ADDRESS: email,
        LINKS_BY_CLIENT: client_network(request.remote_addr),
        LINKS_IN_ALL: "",
    }
    with _database().begin() as writing:
        count_attempts(writing, limits, now)
    wanted = LinkRequest(
        email=email,
        address=request.remote_addr or "",
        next_path=local_path(request.form.get(_NEXT)),
        link_base=_settings().url(url_for("signing_in.open_link", token="")),
        at=now,
    )
    background: Executor = current_app.extensions["background"]
    background.submit(
        deliver_link, wanted, _settings().instance, _database(), current_app.extensions["mail"]
    )
    return redirect(url_for("signing_in.link_sent"), 303)


@signing_in.get("/sign-in/email/sent")
def link_sent() -> ResponseReturnValue:
    """What happens next, and whether mail works at all."""
    with _database().read() as reading:
        problem = mail_problem(reading)
    return render_template("sign_in/sent.html", problem=problem)


@signing_in.get("/sign-in/link/", defaults={"token": ""})
@signing_in.get("/sign-in/link/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """A button. A mail program that opens links to look at them uses nothing up."""
    with _database().read() as reading:
        address = link_address(reading, token, time_now())
    return render_template("sign_in/link.html", token=token, address=address)


@signing_in.post("/sign-in/link")
def follow_link() -> ResponseReturnValue:
    """Use a link up."""
    settings, now = _settings(), time_now()
    with _database().begin() as writing:
        count_attempts(writing, {USES_BY_CLIENT: client_network(request.remote_addr)}, now)
    with _database().begin() as writing:
        person, arrival, path = use_link(
            writing, request.form.get("token", ""), settings.instance, now
        )
        token = _enter(writing, person, arrival)
    return _signed_in(token, path)


@signing_in.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session, here and in the database."""
    digest = current_session_digest()
    if digest is not None:
        with _database().begin() as writing:
            end_session(writing, digest)
    session.clear()
    forget_viewer()
    answer = make_response(redirect(url_for("signing_in.choose", out="1"), 303))
    # Pages of the catalog may be kept, to be asked for again; not past the session.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _settings() -> PortalSettings:
    settings: PortalSettings = current_app.extensions["portal"]
    return settings


def _database() -> Database:
    database: Database = current_app.extensions["database"]
    return database


def _client(name: str) -> ProviderClient:
    clients: dict[str, ProviderClient] = current_app.extensions["providers"]
    return clients.get(name) or abort(404)


def _enter(writing: Session, person: PortalPerson, arrival: ProvenArrival) -> str:
    """A new session in the place of the one that this browser had; its token."""
    now, before = time_now(), current_session_digest()
    if before is not None:
        end_session(writing, before)
    writing.add(
        PortalEvent(
            at=now, person_id=person.id, verb="sign-in", target=person.email, detail=arrival.method
        )
    )
    return start_session(
        writing,
        person.id,
        method=arrival.method,
        auth=_settings().instance.auth,
        now=now,
        agent=request.user_agent.string,
        address=request.remote_addr or "",
    )


def _signed_in(token: str, path: str) -> ResponseReturnValue:
    """The cookie is made anew, so that none from before is worth anything."""
    session.clear()
    session[COOKIE_KEY] = token
    forget_viewer()
    return redirect(local_path(path), 303)


def _note_refusal(method: str, email: object, error: SignInError) -> None:
    folded = folded_address(email) if isinstance(email, str) else None
    with _database().begin() as writing:
        writing.add(
            PortalEvent(
                at=time_now(),
                verb="sign-in",
                target=folded or "",
                result="refused",
                detail=f"{method}: {error.message}",
            )
        )
