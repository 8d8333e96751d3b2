"""Credentials in a file's bytes, known by what their provider writes in front of them.

No I/O. Never a bare word such as `password`. Every repeat in a pattern is bounded, so all take linear time.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, pairwise
from math import log2
from operator import itemgetter

_SHORTEST_WORD = 14  # every anchor stands in a word at least so long, save that of a private key
_LARGE = 1024 * 1024  # above it, splitting into words takes more memory than it saves time
_LEAST_ENTROPY = 3.0  # bits a character: 32 random hexadecimal digits have 3.4 to 3.9, what a person types less
_LONGEST_LADDER = 5  # 'xxxxxx' and '123456' have five steps, chance does not
_EXAMPLE_WORDS = (
    b"changeme",
    b"dummy",
    b"example",
    b"fake",
    b"placeholder",
    b"redacted",
    b"replace",
    b"sample",
    b"xxxx",
    b"your",
)


@dataclass(frozen=True)
class Secret:
    """What a secret is, and where it is; never the secret."""

    kind: str
    offset: int


@dataclass(frozen=True)
class _Kind:
    """What the bytes from an anchor on must match."""

    name: str
    anchors: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    is_one_word: bool = True


def _kind(name: str, anchors: str, tail: str, *, before: str = "(?<![A-Za-z0-9])") -> _Kind:
    """Return the kind that begins with one of `anchors` and goes on with `tail`."""
    words = anchors.split()
    pattern = f"{before}(?:{'|'.join(map(re.escape, words))}){tail}"
    return _Kind(name, tuple(word.encode() for word in words), re.compile(pattern.encode()))


def _assigned(name: str, anchors: str, value: str) -> _Kind:
    """Return a kind whose secrets have no form of their own, and are known by the name that they are assigned to."""
    gap = r"[\"']?[ \t]{0,3}(?:=>|:=|[:=])[ \t]{0,3}[\"']?"
    kind = _kind(name, anchors, f"{gap}(?P<value>{value})(?![A-Za-z0-9/+=])", before="")
    return replace(kind, is_one_word=False)


_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_BEGIN = b"-----BEGIN "
_GAP = r"(?:\\[nr]|[\s\"'+,;>#*|]){0,60}+"
_PRIVATE_KEY = (
    _Kind(  # RFC 7468, RFC 4880, and both as they stand in a string of a program; a real one, not its first line
        "private key",
        (_BEGIN,),
        re.compile(
            rf"-----BEGIN (?:[A-Z]{{2,9}} ){{0,2}}PRIVATE KEY(?: BLOCK)?-----{_GAP}"
            rf"(?:[A-Z][A-Za-z-]{{2,20}}: [^\n\\]{{0,100}}{_GAP}){{0,4}}(?P<value>[A-Za-z0-9+/]{{40}})".encode()
        ),
    )
)
_DISCORD_BOT = _Kind(
    "Discord bot token",
    (b"M", b"N", b"O"),  # base64 of a number's first digit
    re.compile(rb"[MNO][A-Za-z0-9_-]{23,27}[.][A-Za-z0-9_-]{6}[.][A-Za-z0-9_-]{27}"),
)
_KINDS = (
    _PRIVATE_KEY,
    _DISCORD_BOT,
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
    _kind("Postman key", "PMAK-", "[0-9a-f]{24}-[0-9a-f]{34}"),
)
_BY_ANCHOR = {anchor: kind for kind in _KINDS for anchor in kind.anchors}
_BY_LETTER = groupby(sorted(anchor.decode() for anchor in _BY_ANCHOR if len(anchor) > 1), itemgetter(0))
_ANCHOR = re.compile(  # by first letter: half the time of one long alternation
    "|".join(
        f"{re.escape(letter)}(?:{'|'.join(re.escape(word[1:]) for word in words)})" for letter, words in _BY_LETTER
    ).encode()
    + rb"|[MNO](?<![A-Za-z0-9_.-].)(?=[A-Za-z0-9_-]{23,27}[.])"
)


def find_secrets(content: bytes) -> Iterator[Secret]:
    """Yield the secrets in `content`, in order, without the examples that documentation shows."""
    if not _may_have_secrets(content):
        return
    is_example = lru_cache(maxsize=256)(_is_example)  # here, so that no secret outlives the call
    for anchor in _ANCHOR.finditer(content):
        kind = _BY_ANCHOR[anchor.group()]
        match = kind.pattern.match(content, anchor.start())
        if match is not None and not is_example(match.groupdict().get("value") or match.group()):
            yield Secret(kind.name, anchor.start())


def _may_have_secrets(content: bytes) -> bool:
    """Look only at long words, a twentieth of ordinary text: to look at all of it takes three times as long."""
    if len(content) > _LARGE or _BEGIN in content:
        return True
    words = b" ".join([word for word in content.split() if len(word) >= _SHORTEST_WORD])
    return any(
        not (kind := _BY_ANCHOR[anchor.group()]).is_one_word or kind.pattern.match(words, anchor.start())
        for anchor in _ANCHOR.finditer(words)
    )


def _is_example(secret: bytes) -> bool:
    """Tell whether a person typed `secret` as a stand-in."""
    lower = secret.lower()
    return (
        any(word in lower for word in _EXAMPLE_WORDS)
        or _ladder(secret) >= _LONGEST_LADDER
        or _entropy(secret) < _LEAST_ENTROPY
    )


def _ladder(secret: bytes) -> int:
    """Return how many steps the longest run takes in which each byte is the one before, or each its successor."""
    longest = 0
    for stride in (0, 1):
        steps = 0
        for one, next_one in pairwise(secret):
            steps = steps + 1 if next_one - one == stride else 0
            longest = max(longest, steps)
    return longest


def _entropy(secret: bytes) -> float:
    """Return Shannon's entropy of the bytes, in bits a byte."""
    return -sum(count / len(secret) * log2(count / len(secret)) for count in Counter(secret).values())
