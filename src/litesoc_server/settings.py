"""Django's settings, derived from Config."""

import sys
from ipaddress import ip_network
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from litesoc_server.cache import cache_settings
from litesoc_server.config import load_config, secret_key_of
from litesoc_server.database import database_settings
from litesoc_server.egress.policy import EgressPolicy
from litesoc_server.logs import logging_config
from litesoc_server.mail import TIMEOUT_S, mail_server
from litesoc_server.web.assets import is_immutable

_config = load_config()
_mail = mail_server(_config)
_is_https = (_config.public_url or "").startswith("https://")

SECRET_KEY = secret_key_of(_config)
DEBUG = False
ALLOWED_HOSTS = _config.allowed_hosts
SECURITY_CONTACT = _config.security_contact  # an address with its scheme; None = no security.txt
PUBLIC_URL = (_config.public_url or "").rstrip("/")  # "" = unknown: links start at the address that was asked

# Signs the audit log's checkpoints: the setting, else the file, made at first use.
AUDIT_KEY = None if _config.audit_key is None else _config.audit_key.get_secret_value()
AUDIT_KEY_PATH = _config.data_dir / "audit_key"
# Encrypt secrets in the database: the setting, else the file, else derived from SECRET_KEY (accounts/sealing.py).
SECRETS_KEYS = [] if _config.secrets_key is None else _config.secrets_key.get_secret_value().split(",")
SECRETS_KEY_PATH = _config.data_dir / "secrets_key"
IS_SECRET_KEY_A_SETTING = _config.secret_key is not None

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "ninja",  # for the static files of its documentation page
    "litesoc_server.accounts",
    "litesoc_server.audit",
    "litesoc_server.orgs",
    "litesoc_server.apikeys",
    "litesoc_server.alerts",
    "litesoc_server.notify",
    "litesoc_server.inbound",
    "litesoc_server.forwarding",
    "litesoc_server.servers",
    "litesoc_server.privacy",
    "litesoc_server.web",
    # Below ours: their templates give way to ours of the same name.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "litesoc_server.web.static_files.StaticFilesMiddleware",
    "litesoc_server.web.personal.PersonalMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "litesoc_server.accounts.activity.ActivityMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "litesoc_server.api.errors.FlatMethodErrorsMiddleware",
    "litesoc_server.web.method_errors.MethodErrorPageMiddleware",
    "litesoc_server.web.unavailable.UnavailableMiddleware",
    "litesoc_server.web.restricted.RestrictedMiddleware",
]
ROOT_URLCONF = "litesoc_server.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "litesoc_server.web.context.frame",
            ]
        },
    }
]

DATABASES = {"default": database_settings(_config)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "litesoc_server.accounts.password_words.KnownWordsValidator"},
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
PASSWORD_RESET_TIMEOUT = 3600  # seconds; of a link by mail or from `litesoc accounts reset-password`

ACCOUNT_ADAPTER = "litesoc_server.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CHANGE_EMAIL = True  # one address each: a new one takes the old one's place once it is confirmed
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_COOKIE_AGE = 14 * 24 * 3600  # seconds without a visit, of those who asked to stay signed in
# So many wrong passwords or codes for one account within so many seconds, and it waits; 10 a minute from one address.
SIGN_IN_FAILURES_MAX, SIGN_IN_FAILURES_WITHIN_S = 5, 300
ACCOUNT_RATE_LIMITS = {"login_failed": f"10/m/ip,{SIGN_IN_FAILURES_MAX}/{SIGN_IN_FAILURES_WITHIN_S}s/key"}
ACCOUNT_FORMS = {
    "add_email": "litesoc_server.accounts.forms.AddEmailForm",
    "reset_password": "litesoc_server.accounts.forms.ResetPasswordForm",
}
TRUSTED_PROXY_COUNT = _config.trusted_proxy_count
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
MFA_ADAPTER = "litesoc_server.accounts.mfa_adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "LiteSOC"
MFA_TOTP_TOLERANCE = 1  # periods of 30 s, for clocks that differ
# Protects addresses of others from strangers who sign up; here nobody signs up, and it would stop changes of address.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "add_webauthn": "litesoc_server.accounts.passkey_forms.AddPasskeyForm",
    "edit_webauthn": "litesoc_server.accounts.passkey_forms.RenamePasskeyForm",
    "login_webauthn": "litesoc_server.accounts.passkey_forms.SignInForm",
    "authenticate_webauthn": "litesoc_server.accounts.passkey_forms.SecondFactorForm",
    "reauthenticate_webauthn": "litesoc_server.accounts.passkey_forms.ReauthenticateForm",
    "authenticate": "litesoc_server.accounts.forms.AuthenticateForm",
    "reauthenticate": "litesoc_server.accounts.forms.ReauthenticateForm",
}
CACHES = {"default": cache_settings(_config)}

# What webhooks, channels and forwarders may reach.
EGRESS_POLICY = EgressPolicy(tuple(map(ip_network, _config.egress_allow)))
# What the vendor's agents are told of with their heartbeats: version, download, checksums; all of them or none.
AGENT_UPDATE = (_config.agent_update_version, _config.agent_update_url, _config.agent_update_checksum_url)

IS_MAIL_POSSIBLE = _config.email_url is not None
EMAIL_BACKEND = _mail.backend
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.is_tls, _mail.is_starttls
EMAIL_TIMEOUT = TIMEOUT_S
DEFAULT_FROM_EMAIL = _mail.sender

# Browsers take a cookie of this prefix over TLS alone, and from this very host: none below the same domain can plant one.
_COOKIE_PREFIX = "__Host-" if _is_https else ""
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}litesoc_session"
SESSION_COOKIE_AGE = 12 * 3600  # seconds without a visit
SESSION_COOKIE_SECURE = _is_https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way back from an identity provider
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}litesoc_csrf"
CSRF_COOKIE_SECURE = _is_https
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "litesoc_server.web.views.errors.csrf_failed"
# Behind a TLS proxy the request looks like plain HTTP, so the origin of the public address has to be named.
CSRF_TRUSTED_ORIGINS = ["{0.scheme}://{0.netloc}".format(urlsplit(PUBLIC_URL))] if PUBLIC_URL else []
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# The server speaks no TLS itself. Its proxy is believed where there is one; who connects without one could write anything.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _is_https and TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _is_https else 0  # sent with answers over TLS only
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # other hosts below the operator's name are not ours to bind to TLS,
    "security.W021",  # nor is the list that browsers ship with
    "security.W008",  # applications may reach the API inside a network without TLS; the proxy leads browsers to it
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # the files are served from the package: there is no step that collects them
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 300  # seconds; for names that carry no hash, so that an update is not hidden for long
WHITENOISE_IMMUTABLE_FILE_TEST = is_immutable
WHITENOISE_ALLOW_ALL_ORIGINS = False

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024**2  # bytes; the contract's ceiling for any request
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

LOGGING = logging_config(_config.log_level, is_watched=sys.stderr.isatty())
