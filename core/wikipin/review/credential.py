"""The kinds of credential that are known by what their provider writes in front of them, as a table.

No I/O. Never a bare word such as `password`. Every repeat in a pattern is bounded, so all take linear time.
"""

import re
from dataclasses import dataclass, replace
from functools import cached_property

SHORTEST_WORD = 14
"""Characters of the shortest word that a credential of one word stands in."""


@dataclass(frozen=True)
class Kind:
    """What the bytes from an anchor on must match; the group `value`, if there is one, is the secret itself."""

    name: str
    anchors: tuple[bytes, ...]
    expression: str
    is_password: bool = False
    """A person may have made it up: shorter, and less random, than what a provider hands out."""
    is_one_word: bool = True
    """No white space is in it, nor between it and its anchor, which is in a word of at least `SHORTEST_WORD`."""

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """The expression, compiled when it is first used: few of a hundred ever are."""
        return re.compile(self.expression.encode())


def _kind(name: str, anchors: str, tail: str, *, before: str = "(?<![A-Za-z0-9])") -> Kind:
    """Return the kind that begins with one of `anchors` and goes on with `tail`."""
    words = anchors.split()
    pattern = f"{before}(?:{'|'.join(map(re.escape, words))}){tail}"
    return Kind(name, tuple(word.encode() for word in words), pattern)


def _assigned(name: str, anchors: str, value: str) -> Kind:
    """Return a kind whose secrets have no form of their own, and are known by the name that they are assigned to."""
    gap = r"[\"']?[ \t]{0,3}(?:=>|:=|[:=])[ \t]{0,3}[\"']?"
    kind = _kind(name, anchors, f"{gap}(?P<value>{value})(?![A-Za-z0-9/+=])", before="")
    return replace(kind, is_one_word=False)


_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_BEGIN = b"-----BEGIN "
_GAP = r"(?:\\[nr]|[\s\"'+,;>#*|]){0,60}+"
_PRIVATE_KEY = (
    Kind(  # RFC 7468, RFC 4880, and both as they stand in a string of a program; a real one, not its first line
        "private key",
        (_BEGIN,),
        rf"-----BEGIN (?:[A-Z]{{2,9}} ){{0,2}}PRIVATE KEY(?: BLOCK)?-----{_GAP}"
        rf"(?:[A-Z][A-Za-z-]{{2,20}}: [^\n\\]{{0,100}}{_GAP}){{0,4}}(?P<value>[A-Za-z0-9+/]{{40}})",
    )
)
_PUTTY_KEY = _kind(
    "private key of PuTTY", "Private-Lines:", r"[ \t]{1,3}[0-9]{1,3}\s{1,2}(?P<value>[A-Za-z0-9+/]{40})", before=""
)
_ENCODED_KEY = _kind(  # as kubeconfig and secrets of CI have it: the base64 of "-----BEGIN", and of "PRIVATE KEY"
    "private key in base64",
    "LS0tLS1CRUdJTiB",
    r"(?:QUklWQVRFIEtFW|SU0EgUFJJVkFURSBLRVkt|FQyBQUklWQVRFIEtFWS0t|PUEVOU1NIIFBSSVZBVEUgS0VZ|FTkNSWVBURUQgUFJJVkFURSBLRVkt)"
    "[A-Za-z0-9+/]{0,30}(?P<value>[A-Za-z0-9+/]{60})",
)
_JWT = _kind(  # RFC 7519: the beginning of a JSON object, twice, and at least the 256 bits of a signature
    "JSON Web Token",
    "eyJ",
    "[A-Za-z0-9_-]{10,2000}+[.]eyJ[A-Za-z0-9_-]{5,8000}+[.](?P<value>[A-Za-z0-9_-]{42,1000}+)",
    before="(?<![A-Za-z0-9_.-])",
)
_NEVER_IN_ONE = r"\s/@\"'<>`{}$|\\*()\[\]"
_PASSWORD_IN_URL = Kind(  # RFC 3986, 3.2.1
    "password in a URL",
    (b"://",),
    rf"(?<=[a-z0-9])://[^:{_NEVER_IN_ONE}]{{0,64}}:(?P<value>[^:{_NEVER_IN_ONE}]{{6,128}})@"
    rf"(?!(?:[A-Za-z0-9.-]{{0,60}}[.])?example[.](?:com|org|net)|[A-Za-z0-9.-]{{0,60}}[.](?:example|test|invalid)\b)"
    rf"(?!localhost\b|127[.]|\[::1\])"  # nobody else gets in with it
    rf"[A-Za-z0-9\[]",
    is_password=True,
)
NETRC = Kind(
    "password of a .netrc",
    (b"machine",),
    rf"(?<![\w-])machine\s{{1,40}}+[^\s{{}}<>]{{1,120}}+\s{{1,40}}+(?:login|user)\s{{1,40}}+[^\s{{}}<>]{{1,120}}+\s{{1,40}}+"
    rf"password\s{{1,40}}+(?P<value>[^{_NEVER_IN_ONE}]{{6,128}})",
    is_password=True,
)
_DISCORD_BOT = Kind(
    "Discord bot token",
    (b"M", b"N", b"O"),  # base64 of a number's first digit
    "[MNO][A-Za-z0-9_-]{23,27}[.][A-Za-z0-9_-]{6}[.][A-Za-z0-9_-]{27}",
)
KINDS = (
    _PRIVATE_KEY,
    _PUTTY_KEY,
    _ENCODED_KEY,
    _DISCORD_BOT,
    _JWT,
    _PASSWORD_IN_URL,
    NETRC,
    _kind("AWS access key id", "AKIA ASIA", "[A-Z0-9]{16}(?![A-Za-z0-9/+=_-])"),
    _assigned(
        "AWS secret access key",
        "secret_access_key SECRET_ACCESS_KEY secretAccessKey SecretAccessKey aws_secret_key AWS_SECRET_KEY",
        "[A-Za-z0-9/+]{40}",
    ),
    _kind("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", "[A-Za-z0-9]{36}"),
    _kind("GitHub fine-grained token", "github_pat_", "[A-Za-z0-9]{22}_[A-Za-z0-9]{59}"),
    _kind("GitLab token", "glpat- gldt- glrt- glptt- glcbt-", "[A-Za-z0-9_-]{20}"),
    _kind("Slack token", "xoxb- xoxp- xoxa- xoxo- xoxr- xoxs-", "[0-9]{9,14}-[A-Za-z0-9-]{16}"),
    _kind("Slack app token", "xapp-", "[0-9]-[A-Z0-9]{9,14}-[0-9]{9,14}-[a-f0-9]{32}"),
    _kind("Slack webhook", "hooks.slack.com/services/", "T[A-Z0-9]{7,12}/B[A-Z0-9]{7,12}/(?P<value>[A-Za-z0-9]{20})"),
    _kind("Stripe live key", "sk_live_ rk_live_", "[A-Za-z0-9]{20}"),
    _kind("OpenAI key", "T3BlbkFJ", "[A-Za-z0-9_-]{20}", before="(?<=[A-Za-z0-9_-]{20})"),  # "OpenAI", in its middle
    _kind("Anthropic key", "sk-ant-", "[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{80}"),
    _kind("OpenRouter key", "sk-or-v1-", "[0-9a-f]{64}"),
    _kind("Groq key", "gsk_", "[A-Za-z0-9]{52}"),
    _kind("xAI key", "xai-", "[A-Za-z0-9]{80}"),
    _kind("Perplexity key", "pplx-", "[A-Za-z0-9]{48}"),
    _kind("Replicate token", "r8_", "[A-Za-z0-9]{37}(?![A-Za-z0-9_])"),
    _kind("Hugging Face token", "hf_", "[A-Za-z0-9]{34}(?![A-Za-z0-9_])"),
    _kind("Google API key", "AIza", "[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    _kind("Google OAuth client secret", "GOCSPX-", "[A-Za-z0-9_-]{28}(?![A-Za-z0-9_-])"),
    _assigned("Google service account key", "private_key_id", "[0-9a-f]{40}"),
    _kind("npm token", "npm_", "[A-Za-z0-9]{36}(?![A-Za-z0-9_])"),
    _kind("PyPI token", "pypi-AgEIcHlwaS5vcmc pypi-AgENdGVzdC5weXBpLm9yZw", "[A-Za-z0-9_-]{50}"),
    _kind("RubyGems key", "rubygems_", "[0-9a-f]{48}"),
    _kind("SendGrid key", "SG.", "[A-Za-z0-9_-]{22}[.][A-Za-z0-9_-]{43}"),
    _kind("Twilio key", "SK", "[0-9a-f]{32}(?![A-Za-z0-9])"),
    _assigned("Twilio auth token", "twilio_auth_token TWILIO_AUTH_TOKEN twilioAuthToken", "[0-9a-f]{32}"),
    _kind("Mailgun key", "key-", "[0-9a-f]{32}(?![A-Za-z0-9-])"),
    _kind(
        "Discord webhook",
        "/api/webhooks/",
        "[0-9]{17,20}/(?P<value>[A-Za-z0-9_-]{60})",
        before="(?<=discord.com|cordapp.com)",
    ),
    _kind("Telegram bot token", ":AA", "[A-Za-z0-9_-]{32,33}(?![A-Za-z0-9_-])", before="(?<=[0-9]{8})"),
    _kind("Azure storage key", "AccountKey=", "(?P<value>[A-Za-z0-9/+]{86}==)"),
    _kind(
        "Azure client secret", "7Q~ 8Q~", "[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])", before="(?<=[A-Za-z0-9_~.-]{3})"
    ),
    _kind("DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", "[0-9a-f]{64}"),
    _kind("Databricks token", "dapi", "[0-9a-f]{32}(?![A-Za-z0-9])"),
    _kind("Shopify token", "shpat_ shpca_ shppa_ shpss_", "[0-9a-fA-F]{32}"),
    _kind("Square token", "sq0atp-", "[A-Za-z0-9_-]{22}"),
    _kind("Square secret", "sq0csp-", "[A-Za-z0-9_-]{43}"),
    _kind("Square access token", "EAAA", "[A-Za-z0-9_-]{60}(?![A-Za-z0-9_-])", before="(?<![A-Za-z0-9/+=_-])"),
    _kind("Heroku key", "HRKU-", "[A-Za-z0-9_-]{58}"),
    _assigned("Heroku key", "heroku_api_key HEROKU_API_KEY herokuApiKey", _UUID),
    _kind("Docker token", "dckr_pat_ dckr_oat_", "[A-Za-z0-9_-]{27}"),
    _kind("age secret key", "AGE-SECRET-KEY-1", "[02-9AC-HJ-NP-Z]{58}"),
    _kind("Notion token", "ntn_", "[A-Za-z0-9]{43}"),
    _kind("Linear key", "lin_api_", "[A-Za-z0-9]{40}"),
    _kind("Figma token", "figd_", "[A-Za-z0-9_-]{40}"),
    _kind("Atlassian token", "ATATT3", "[A-Za-z0-9_=-]{180}"),
    _kind("Grafana token", "glsa_", "[A-Za-z0-9]{32}_[0-9a-f]{8}"),
    _kind("Vault token", "hvs.", "[A-Za-z0-9_-]{90}"),
    _kind("Supabase token", "sbp_", "[0-9a-f]{40}"),
    _kind("Supabase secret key", "sb_secret_", "[A-Za-z0-9_-]{20}"),
    _kind("Tailscale key", "tskey-", "(?:[a-z]{2,10}-)?[A-Za-z0-9]{8,24}-[A-Za-z0-9]{16}"),
    _kind("webhook signing secret", "whsec_", "[A-Za-z0-9+/]{24}"),
    _kind("PlanetScale token", "pscale_", "(?:[a-z]{2,10}_)?[A-Za-z0-9_.=-]{32}"),
    _kind("Netlify token", "nfp_ nfc_ nfo_", "[A-Za-z0-9]{36}"),
    _kind("LangSmith key", "lsv2_", "(?:[a-z]{2}_)?[0-9a-f]{32}"),
    _kind("NVIDIA key", "nvapi-", "[A-Za-z0-9_-]{60}"),
    _kind("Tavily key", "tvly-", "(?:dev-|prod-)?[A-Za-z0-9]{32}"),
    _kind("Pinecone key", "pcsk_", "[A-Za-z0-9_]{60}"),
    _kind("E2B key", "e2b_", "[0-9a-f]{40}"),
    _kind("Sentry token", "sntrys_ sntryu_", "[A-Za-z0-9+/=_-]{60}"),
    _kind("Grafana Cloud token", "glc_eyJ", "[A-Za-z0-9+/=]{60}"),
    _kind("Contentful token", "CFPAT-", "[A-Za-z0-9_-]{43}"),
    _kind("HubSpot token", "pat-na1- pat-eu1-", _UUID),
    _kind("Brevo key", "xkeysib-", "[0-9a-f]{64}"),
    _kind("New Relic key", "NRAK-", "[A-Z0-9]{27}"),
    _kind("Google OAuth token", "ya29.", "[A-Za-z0-9_-]{60}"),
    _kind("Pulumi token", "pul-", "[0-9a-f]{40}"),
    _kind("Terraform token", ".atlasv1.", "[A-Za-z0-9_-]{60}", before="(?<=[A-Za-z0-9]{14})"),
    _kind("1Password token", "ops_eyJ", "[A-Za-z0-9_-]{100}"),
    _kind("Doppler token", "dp.pt. dp.st. dp.sa.", "[A-Za-z0-9._-]{40}"),
    _kind("Resend key", "re_", "[A-Za-z0-9]{8}_[A-Za-z0-9]{24}(?![A-Za-z0-9_])"),
    _kind(
        "registry token", "_authToken", "[ \t]{0,3}=[ \t]{0,3}[\"']?(?!npm_)(?P<value>[A-Za-z0-9+/=_.-]{20})", before=""
    ),
    _kind(
        "registry login",
        "_auth",
        "[ \t]{0,3}=[ \t]{0,3}[\"']?(?P<value>[A-Za-z0-9+/]{16,}={0,2})(?![A-Za-z0-9+/(._])",
        before="(?<=[:\n])",
    ),
    _kind("Postman key", "PMAK-", "[0-9a-f]{24}-[0-9a-f]{34}"),
)
"""As providers document their prefixes, in November 2026."""

KEY_FILE = re.compile(
    r"(?:^|/)(?:id_(?:rsa|dsa|ecdsa|ed25519|ecdsa_sk|ed25519_sk)|[^/]+\.(?:ppk|p12|pfx|jks|keystore|kdbx))$",
    re.IGNORECASE,
)
"""A file that is a key by its name, whatever is in it."""

DER_KEY_FILE = re.compile(r"\.(?:key|pk8)$", re.IGNORECASE)
"""A file that is a key by its name if its content is in DER: the name has other uses."""
