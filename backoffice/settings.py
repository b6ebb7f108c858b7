"""Settings: one file, typed, from the environment. A value that makes no sense stops the start with its name.

`COUNTROOM_ENV` says what this process is: `production`, `demo`, `test` or `dev`. Only production has no defaults.
"""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")
BASE_DIR = Path(__file__).resolve().parent.parent
_REQUIRED = object()


def read(name: str, parse: Callable[[str], T], default: Any = _REQUIRED) -> T:
    """The environment variable `name`, parsed. Raises ImproperlyConfigured with the name when it is missing or wrong."""
    text = os.environ.get(name, "").strip()
    if not text:
        if default is _REQUIRED:
            raise ImproperlyConfigured(f"{name} is not set. See docs/deployment.md for what it means.")
        return default
    try:
        return parse(text)
    except (ValueError, KeyError) as wrong:
        raise ImproperlyConfigured(f"{name} is not valid: {wrong}") from wrong


def one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"expected one of {', '.join(words)}")
        return text

    return parse


def boolean(text: str) -> bool:
    return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[text.lower()]


def names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def whole(minimum: int, maximum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if not minimum <= number <= maximum:
            raise ValueError(f"expected a whole number from {minimum} to {maximum}")
        return number

    return parse


def database(text: str) -> dict[str, Any]:
    """`postgresql://user:password@host:port/name?host=/socket/folder&sslmode=...` as Django's dictionary."""
    url = urlsplit(text)
    if url.scheme not in {"postgres", "postgresql"} or not url.path.strip("/"):
        raise ValueError("expected postgresql://user:password@host:port/name")
    options = dict(parse_qsl(url.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(url.path.strip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": options.pop("host", None) or url.hostname or "",
        "PORT": options.pop("port", None) or str(url.port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 300,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }


def master_key(text: str) -> bytes:
    key = base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
    if len(key) != 32:
        raise ValueError("expected 32 bytes in URL-safe base64")
    return key


def master_keys(text: str) -> dict[int, bytes]:
    """`1:base64,2:base64`: versions of the master key; the highest one wraps new keys, the others still open old ones."""
    pairs = (part.split(":", 1) for part in text.split(","))
    return {int(version): master_key(key) for version, key in pairs}


def bearer(text: str) -> str:
    """A token that can stand in an Authorization header and that nobody guesses."""
    if len(text) < 24 or not all("!" <= one <= "~" for one in text):
        raise ValueError("expected at least 24 visible ASCII characters")
    return text


def secret(text: str) -> str:
    if ENV == "production" and (len(text) < 50 or text.startswith("demo-")):
        raise ValueError("production needs a secret of its own with at least 50 characters, never the demo's")
    return text


ENV = read("COUNTROOM_ENV", one_of("production", "demo", "test", "dev"), "dev")
PRODUCTION = ENV == "production"
DEBUG = read("DEBUG", boolean, False)
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG cannot be on in production: error pages would show personal data.")


def local(default: Any) -> Any:
    """A default for every environment but production, which must say everything."""
    return _REQUIRED if PRODUCTION else default


SECRET_KEY = read("SECRET_KEY", secret, local("demo-secret-for-checks-and-tests-only-never-in-production"))
MASTER_KEYS = read("COUNTROOM_MASTER_KEYS", master_keys, local({1: b"demo-master-key-of-32-bytes-only"}))
if PRODUCTION and any(key.startswith(b"demo-") for key in MASTER_KEYS.values()):
    raise ImproperlyConfigured("COUNTROOM_MASTER_KEYS is the demo's. Production needs keys of its own.")
ALLOWED_HOSTS = read("ALLOWED_HOSTS", names, local(["127.0.0.1", "localhost", "[::1]", "testserver"]))
PUBLIC_URL = read("PUBLIC_URL", str, local("http://127.0.0.1:8000")).rstrip("/")
DATA_DIR = read("COUNTROOM_DATA_DIR", Path, BASE_DIR / ".countroom")

INSTALLED_APPS = [
    "reporting",
    "fraud",
    "compliance",
    "bonuses",
    "games",
    "payments",
    "wallet",
    "players",
    "backoffice.alerts",
    "backoffice.search",
    "backoffice.work",
    "backoffice.jobs",
    "backoffice.integrations",
    "backoffice.approvals",
    "backoffice.operations",
    "backoffice.bell",
    "backoffice.access",
    "backoffice.audit",
    "backoffice.scope",
    "backoffice.ui",
    "backoffice.runtime",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "guardian",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "template_partials.apps.SimpleAppConfig",
    "django_cotton.apps.SimpleAppConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pages only: static files come compressed from the line above
    "csp.middleware.CSPMiddleware",
    "backoffice.ui.middleware.RequestId",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "backoffice.access.middleware.SessionLimits",
    "backoffice.operations.gate.Gate",  # before the check of sign-in: a stranger is told of maintenance
    "backoffice.access.middleware.SignInRequired",
    "backoffice.access.middleware.MfaRequired",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "backoffice.audit.middleware.RequestContext",
    "backoffice.access.middleware.Reach",
    "backoffice.ui.middleware.Preferences",
]

ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_LOADERS: list[Any] = [
    "django_cotton.cotton_loader.Loader",
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [("template_partials.loader.Loader", [("django.template.loaders.cached.Loader", _LOADERS)])],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
                "django.templatetags.i18n",
                "django.templatetags.static",
                "backoffice.ui.templatetags.ui",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "backoffice.ui.context.shell",
            ],
        },
    }
]
COTTON_DIR = "components"
COTTON_ISOLATE_BY_DEFAULT = True  # a component sees its attributes, not whatever the page happens to name alike

# The app works with a restricted login; `migrate`, `setup`, `backup` and `restore` use the owner's (manage.py says which).
DATABASE_URL = read("DATABASE_URL", str, local("postgresql://countroom_app@localhost/countroom"))
DATABASE_OWNER_URL = read("DATABASE_OWNER_URL", str, DATABASE_URL)
AS_OWNER = os.environ.get("COUNTROOM_DB_ROLE") == "owner"
DATABASES = {"default": read("DATABASE_OWNER_URL" if AS_OWNER else "DATABASE_URL", database, database(DATABASE_OWNER_URL if AS_OWNER else DATABASE_URL))}
APP_ROLE = database(DATABASE_URL)["USER"]
TRANSACTION_SECONDS = read("TRANSACTION_SECONDS", whole(1, 600), 60 if ENV == "test" else 2)

REDIS_URL = read("REDIS_URL", str, local("redis://localhost:6379/0"))
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 120
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A broker that is away fails a hint at once: nobody waits for it, since the sweep finds the row (payments/hints.py).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600, "socket_connect_timeout": 2, "max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.2,
}  # fmt: skip
CELERY_TASK_DEFAULT_QUEUE = "countroom"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if ENV in {"test", "dev"}
    else {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

# Staff accounts
AUTH_USER_MODEL = "access.Staff"
AUTHENTICATION_BACKENDS = [
    "backoffice.access.backends.StaffBackend",
    "guardian.backends.ObjectPermissionBackend",
]
GUARDIAN_RAISE_403 = True
ANONYMOUS_USER_NAME = None
GUARDIAN_AUTO_PREFETCH = False
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ("email", "name")}},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"] if ENV == "test" else ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "backoffice.access.adapters.StaffAccounts"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "5/5m/key,20/5m/ip", "reset_password": "5/h/ip"}
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True  # how long is decided by SESSION_IDLE_SECONDS and SESSION_MAX_SECONDS
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Countroom"
MFA_TOTP_TOLERANCE = 1
MFA_ADAPTER = "backoffice.access.adapters.StaffMfa"
MFA_FORMS = {
    "authenticate": "backoffice.access.forms.CodeForm",
    "reauthenticate": "backoffice.access.forms.ConfirmCodeForm",
    "activate_totp": "backoffice.access.forms.SetUpForm",
}
SIGN_IN_FAILURES_BEFORE_LOCK = read("SIGN_IN_FAILURES_BEFORE_LOCK", whole(3, 100), 10)
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_IDLE_SECONDS = read("SESSION_IDLE_MINUTES", whole(1, 720), 30) * 60
SESSION_MAX_SECONDS = read("SESSION_MAX_HOURS", whole(1, 24), 12) * 3600
SESSION_COOKIE_AGE = SESSION_MAX_SECONDS
USERSESSIONS_TRACK_ACTIVITY = False

# Transport
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
SECURE_SSL_REDIRECT = read("SECURE_SSL_REDIRECT", boolean, PRODUCTION)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if read("BEHIND_TLS_PROXY", boolean, False) else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "backoffice.ui.errors.csrf_failure"
TRUSTED_PROXIES = read("TRUSTED_PROXIES", whole(0, 5), 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}

# Language, time, static files
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # one that has its catalogue
LOCALE_PATHS = [BASE_DIR / "backoffice" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
COMPRESS_STATIC = read("COMPRESS_STATIC", boolean, ENV not in {"test", "dev"})


def _storage(name: str, folder: str) -> dict[str, Any]:
    """One machine: a folder that only this account can read. Several: a storage that all of them reach."""
    backend = read(name, str, "django.core.files.storage.FileSystemStorage")
    private = {"location": str(DATA_DIR / folder), "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
    return {"BACKEND": backend, "OPTIONS": read(f"{name}_OPTIONS", json.loads, private if backend.endswith("FileSystemStorage") else {})}


STORAGES = {
    "jobs": _storage("JOBS_STORAGE", "jobs"),  # exports and what is imported
    "attachments": _storage("ATTACHMENTS_STORAGE", "attachments"),
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": DATA_DIR / "files"}},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage" if COMPRESS_STATIC else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
STATEMENT_FONTS = read("STATEMENT_FONTS", str, "")  # a folder with more fonts for players' statements, beside those of the system (docs/statements.md)
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not COMPRESS_STATIC

# E-mail to players and staff
EMAIL_HOST = read("EMAIL_HOST", str, "")
EMAIL_PORT = read("EMAIL_PORT", whole(1, 65535), 25)
EMAIL_HOST_USER = read("EMAIL_HOST_USER", str, "")
EMAIL_HOST_PASSWORD = read("EMAIL_HOST_PASSWORD", str, "")
EMAIL_USE_TLS = read("EMAIL_USE_TLS", boolean, bool(EMAIL_HOST) and PRODUCTION)
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "django.core.mail.backends.locmem.EmailBackend"
    if ENV == "test"
    else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = read("DEFAULT_FROM_EMAIL", str, "Countroom <no-reply@countroom.example>")

# The HTTP interface for machines
API_REQUESTS_PER_MINUTE = read("API_REQUESTS_PER_MINUTE", whole(1, 1_000_000), 3_000)  # of one key

# Webhooks to others: addresses inside our own network, and plain http, are refused unless this says otherwise
WEBHOOK_PRIVATE_ADDRESSES = read("WEBHOOK_PRIVATE_ADDRESSES", boolean, ENV in {"demo", "dev"})

# Money out and in: which providers exist and how they are reached (payments/providers/registry.py)
PAYMENT_PROVIDERS: dict[str, dict[str, Any]] = {}
if read("NORDPAY_URL", str, ""):
    PAYMENT_PROVIDERS["nordpay"] = {
        "class": "payments.providers.nordpay.Nordpay",
        "url": read("NORDPAY_URL", str),
        "key": read("NORDPAY_KEY", str),
        "webhook_secret": read("NORDPAY_WEBHOOK_SECRET", str),
        "timeout": float(read("NORDPAY_TIMEOUT", whole(1, 60), 5)),
        "not_found_final_after": float(read("NORDPAY_NOT_FOUND_FINAL_AFTER", whole(1, 3600), 30)),
    }
if read("ADYEN_URL", str, ""):  # what each is: docs/providers/adyen.md
    PAYMENT_PROVIDERS["adyen"] = {
        "class": "payments.providers.adyen.Adyen",
        "url": read("ADYEN_URL", str),
        "key": read("ADYEN_KEY", str),
        "merchant_account": read("ADYEN_MERCHANT_ACCOUNT", str),
        "hmac_keys": read("ADYEN_HMAC_KEYS", str).split(),
        "transfers_url": read("ADYEN_TRANSFERS_URL", str, ""),
        "transfers_key": read("ADYEN_TRANSFERS_KEY", str, ""),
        "balance_account": read("ADYEN_BALANCE_ACCOUNT", str, ""),
        "transfer_hmac_keys": read("ADYEN_TRANSFER_HMAC_KEYS", str, "").split(),
        "balances_url": read("ADYEN_BALANCES_URL", str, ""),
        "disputes_url": read("ADYEN_DISPUTES_URL", str, ""),
        "return_url": read("ADYEN_RETURN_URL", str, ""),
        "shopper_prefix": read("ADYEN_SHOPPER_PREFIX", str, "player-"),
        "capture": read("ADYEN_CAPTURE", one_of("immediate", "event"), "immediate"),
        "currencies": read("ADYEN_CURRENCIES", str, "").split(),
        "timeout": float(read("ADYEN_TIMEOUT", whole(1, 60), 30)),
    }
if read("STRIPE_KEY", str, ""):  # what each is: docs/providers/stripe.md
    PAYMENT_PROVIDERS["stripe"] = {
        "class": "payments.providers.stripe.Stripe",
        "url": read("STRIPE_URL", str, "https://api.stripe.com/v1"),
        "key": read("STRIPE_KEY", str),
        "webhook_secrets": read("STRIPE_WEBHOOK_SECRETS", str).split(),
        "files_url": read("STRIPE_FILES_URL", str, "https://files.stripe.com/v1"),
        "return_url": read("STRIPE_RETURN_URL", str, ""),
        "currencies": read("STRIPE_CURRENCIES", str, "").split(),
        "timeout": float(read("STRIPE_TIMEOUT", whole(1, 60), 30)),
    }

# Metrics for Prometheus: off without a token. Processes of one machine count into files of this folder (docs/operations.md).
METRICS_TOKEN = read("METRICS_TOKEN", bearer, "")
METRICS_DIR = DATA_DIR / "metrics"
if METRICS_TOKEN:
    METRICS_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(METRICS_DIR)  # read by prometheus_client when it is imported

LOG_LEVEL = read("LOG_LEVEL", one_of("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOGGING_CONFIG = "backoffice.runtime.logs.configure"
LOGGING: dict[str, Any] = {"level": LOG_LEVEL, "json": PRODUCTION}

SILENCED_SYSTEM_CHECKS: list[str] = []
TEST_RUNNER = "django.test.runner.DiscoverRunner"
