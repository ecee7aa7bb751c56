"""Settings, all from the environment; the embedded services are the default."""

from __future__ import annotations

import json
import os
from pathlib import Path

from csp.constants import NONCE, NONE, SELF

from forecastlab.lib import logs
from forecastlab.lib.embedded import home
from forecastlab.lib.environment import database_from_url, flag, listed

BASE_DIR = Path(__file__).resolve().parent.parent
FORECASTLAB_HOME = home.path(BASE_DIR)
_services = home.read_services(FORECASTLAB_HOME)

# -- installation ------------------------------------------------------------------------------
DEBUG = flag("FORECASTLAB_DEBUG")
DATABASE_URL = os.environ.get("DATABASE_URL") or _services.database_url
REDIS_URL = os.environ.get("REDIS_URL") or _services.redis_url
FORECASTLAB_EMBEDDED = not os.environ.get("DATABASE_URL")
FORECASTLAB_ENVIRONMENT = os.environ.get(
    "FORECASTLAB_ENVIRONMENT", "demo" if FORECASTLAB_EMBEDDED else ""
)
FORECASTLAB_ACTOR = os.environ.get("FORECASTLAB_ACTOR", "planner" if FORECASTLAB_EMBEDDED else "")
SECRET_KEY = os.environ.get("FORECASTLAB_SECRET_KEY") or home.secret_key(FORECASTLAB_HOME)
SECRET_KEY_FALLBACKS = listed("FORECASTLAB_OLD_SECRET_KEYS", "")
ALLOWED_HOSTS = listed("FORECASTLAB_HOSTS", "localhost,127.0.0.1,[::1]")
# As many ticked rows as one action takes, a thousand, and the rest of their form.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_200
CSRF_TRUSTED_ORIGINS = listed("FORECASTLAB_ORIGINS", "")

# -- apps --------------------------------------------------------------------------------------
# Ours, the uppermost first: their pages, operations and commands are found by this list.
OUR_APPS = [
    "agents",
    "showcase",
    "forecastlab.planning",
    "forecastlab.knowledge",
    "forecastlab.forecasting",
    "forecastlab.warehouse",
    "forecastlab.jobs",
    "forecastlab.accounts",
    "forecastlab.events",
]
INSTALLED_APPS = [
    "channels",
    "forecastlab.lib.admin.HouseAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials",
    "csp",
    "ninja",
    *OUR_APPS,
    "forecastlab",
]
MIDDLEWARE = [
    "forecastlab.middleware.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "forecastlab.middleware.Refusals",
]
ROOT_URLCONF = "forecastlab.urls"
ASGI_APPLICATION = "forecastlab.asgi.application"
WSGI_APPLICATION = "forecastlab.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    }
]

# -- services ----------------------------------------------------------------------------------
# Web processes share connections among their threads; a worker keeps one of its own.
DATABASE_POOL = int(os.environ.get("FORECASTLAB_DATABASE_POOL", "0"))
DATABASES = {"default": database_from_url(DATABASE_URL, pool=DATABASE_POOL)}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL]},
    }
}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
# Seconds until a killed process is missed: its place in the prefetch stays taken so long.
CELERY_WORKER_LOST_WAIT = 1.0
CELERY_TASK_DEFAULT_QUEUE = "fast"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# To connect takes longer than a step of the machinery.
CELERY_DB_REUSE_MAX = 500
# Above the longest task: a shorter one hands a running task to a second worker.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 43200}
CELERY_TASK_TIME_LIMIT = 7200
LOGGING = logs.config(os.environ.get("FORECASTLAB_LOG_LEVEL", "INFO"))

# -- work --------------------------------------------------------------------------------------
LEASE_RENEW_SECONDS = 5.0
HEARTBEAT_SECONDS = 5.0
WORKER_SILENT_SECONDS = 20.0
MESSAGE_LOST_SECONDS = 10.0  # longer than a worker needs to come when it has nothing else to do
STEP_ATTEMPTS = 5
SERIES_PER_SHARD = int(os.environ.get("FORECASTLAB_SERIES_PER_SHARD", "0"))
KEPT_FORECASTS_GB = float(os.environ.get("FORECASTLAB_KEPT_FORECASTS_GB", "5"))
ARTEFACT_ROOT = Path(os.environ.get("FORECASTLAB_ARTEFACTS", FORECASTLAB_HOME / "artefacts"))
UPLOAD_ROOT = ARTEFACT_ROOT / "uploads"
FORECASTLAB_SIGNING_KEY = os.environ.get("FORECASTLAB_SIGNING_KEY", "")
RUNS_KEPT_DAYS = int(os.environ.get("FORECASTLAB_RUNS_KEPT_DAYS", "30"))
BUNDLES_KEPT_DAYS = int(os.environ.get("FORECASTLAB_BUNDLES_KEPT_DAYS", "90"))
EMBEDDING_PROVIDER = os.environ.get("FORECASTLAB_EMBEDDING_PROVIDER", "")
EMBEDDING_URL = os.environ.get("FORECASTLAB_EMBEDDING_URL", "")
EMBEDDING_MODEL = os.environ.get("FORECASTLAB_EMBEDDING_MODEL", "")
EMBEDDING_KEY = os.environ.get("FORECASTLAB_EMBEDDING_KEY", "")
# Whom agents may hand work to, and which group of people each team is.
# What answers in sessions of agents: planner (rules, no language model), openai, ollama, or none.
FORECASTLAB_LLM = os.environ.get("FORECASTLAB_LLM", "planner")
LLM_URL = os.environ.get("FORECASTLAB_LLM_URL", "")
LLM_MODEL = os.environ.get("FORECASTLAB_LLM_MODEL", "")
LLM_KEY = os.environ.get("FORECASTLAB_LLM_KEY", "")
AGENT_SESSIONS_AT_ONCE = int(os.environ.get("FORECASTLAB_AGENT_SESSIONS", "8"))
FORECASTLAB_TEAMS = listed(
    "FORECASTLAB_TEAMS", "planning:planner,approvals:approver,operations:operator"
)
# What a model costs per million tokens in and out: {"model": ["2.50", "10"]}.
AGENT_PRICES = json.loads(os.environ.get("FORECASTLAB_AGENT_PRICES", "{}"))
# Without a host no mail is sent.
EMAIL_HOST = os.environ.get("FORECASTLAB_EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("FORECASTLAB_EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("FORECASTLAB_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("FORECASTLAB_EMAIL_PASSWORD", "")
EMAIL_USE_TLS = flag("FORECASTLAB_EMAIL_TLS")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("FORECASTLAB_EMAIL_FROM", "forecastlab@localhost")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "forecastlab.lib.static_files.HouseStaticFilesStorage"},
    "artefacts": {"BACKEND": "forecastlab.lib.artefacts.DiskStorage"},
}

# -- people ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

# -- what a browser may do with our pages --------------------------------------------------------
# `connect-src 'self'` covers the socket too. Scripts are files of ours or carry the nonce.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "forecastlab.refusals.form_too_old"

# -- https ---------------------------------------------------------------------------------------
# Behind a proxy that ends TLS and sets X-Forwarded-Proto itself.
FORECASTLAB_HTTPS = flag("FORECASTLAB_HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = FORECASTLAB_HTTPS
SECURE_SSL_REDIRECT = FORECASTLAB_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if FORECASTLAB_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if FORECASTLAB_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = FORECASTLAB_HTTPS

# -- language and files ------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("FORECASTLAB_STATIC", FORECASTLAB_HOME / "static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Before `collectstatic` has run there, files come from the folders of the sources, each looked up
# when somebody asks for it.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not (STATIC_ROOT / "staticfiles.json").exists()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
