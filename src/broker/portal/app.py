"""The application: its parts put together, none of them made here."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from ..errors import PortalStateError
from .acts.host import HostActs, deployed_host, use_host
from .api import OPERATIONS, api_blueprint
from .database.engine import Database
from .database.upgrade import upgrade
from .frame.dressing import dress
from .identity.accounts import NssAccounts
from .identity.limits import client_network
from .identity.mail import MailTransport, SmtpTransport
from .identity.openid import register_providers
from .pages import BLUEPRINTS, LIMITED, NAVIGATION
from .pages.problems import check_host, register_problems, viewer_for_templates
from .reading.catalogs import Catalogs
from .seeing import watch
from .settings import PortalSettings
from .viewer import AccountClasses

__all__ = ["create_app"]

# No script, style or picture of another host, none inside a page, and no frame around one.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_REQUESTS = "120 per minute"  # of one client, to what no one is signed in for
_LOG = logging.getLogger(__name__)


def create_app(
    settings: PortalSettings,
    *,
    accounts: AccountClasses | None = None,
    transport: MailTransport | None = None,
    host: HostActs | None = None,
) -> Flask:
    """The portal of one instance; what is not given is that of this host.

    A database that cannot be used does not keep it from starting: each page that needs it says so.
    Raises ``BrokerError`` for settings that cannot serve.
    """
    app = Flask(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=settings.secret_key,
        # A browser takes a name of __Host- only with https, for this host and all its paths.
        SESSION_COOKIE_NAME="__Host-portal" if settings.is_secure else "portal",
        SESSION_COOKIE_SECURE=settings.is_secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=256 * 1024,
        INSTANCE_NAME=settings.instance.instance.name,
    )
    # nginx alone reaches the socket; it says who asked, and nothing of it names the origin.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=0)  # type: ignore[method-assign]
    _attach(app, settings, accounts, transport)
    use_host(app, host or deployed_host(app.extensions["accounts"]))
    CSRFProtect(app)
    limiter = Limiter(lambda: client_network(request.remote_addr), app=app, storage_uri="memory://")
    for blueprint in LIMITED:
        limiter.limit(_REQUESTS)(blueprint)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_blueprint(api_blueprint(OPERATIONS, limiter))
    app.extensions["catalogs"] = Catalogs(settings.store)
    dress(app, settings.instance, settings.logo, NAVIGATION)
    watch(app)
    register_problems(app)
    app.before_request(check_host)
    app.context_processor(viewer_for_templates)
    app.after_request(_secured)
    return app


def _attach(
    app: Flask,
    settings: PortalSettings,
    accounts: AccountClasses | None,
    transport: MailTransport | None,
) -> None:
    """What requests work with, each by its name in ``app.extensions``."""
    instance, smtp = settings.instance, settings.instance.email.smtp
    if transport is None and smtp is not None:
        transport = SmtpTransport(smtp, settings.host.partition(":")[0])
    database = Database(settings.database_url, upgrade)
    app.extensions["portal"] = settings
    app.extensions["database"] = database
    app.extensions["accounts"] = accounts or NssAccounts(instance)
    app.extensions["mail"] = transport
    app.extensions["background"] = ThreadPoolExecutor(2, thread_name_prefix="mail")
    app.extensions["providers"] = register_providers(app, instance.auth.providers)
    try:
        database.ready()
    except PortalStateError as error:
        _LOG.error("%s", error)


def _secured(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
