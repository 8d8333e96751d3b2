"""Credentials in a file's bytes, but not the examples that documentation shows.

No I/O. `credential.py` has their kinds. What is found is never repeated.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from math import log2
from operator import itemgetter

from wikipin.review.credential import DER_KEY_FILE, KEY_FILE, KINDS, NETRC, SHORTEST_WORD, Kind

_LARGE = 1024 * 1024  # above it, splitting into words takes more memory than it saves time
_MARKS_OF_SHORT_WORDS = ((b"-----BEGIN ",), (b"Private-Lines:",), (b"_auth",), (b"machine", b"login", b"password"))
_LEAST = (8, 3.0)
"""Characters that a secret has beside what is typed as a stand-in, and bits in each of its own.

32 random hexadecimal digits have 3.4 to 3.9 bits, what a person types has less.
"""

_LEAST_OF_PASSWORD = (6, 2.5)
_LEAST_SHARE_LEFT = 1 / 3
_LADDER = 6  # characters: 'xxxxxx', '123456' and 'a1b2c3' are typed, and not made by chance
_STAND_IN = re.compile(  # the words of stand-ins: a secret may have one by chance, but then much else is left of it
    rb"access|account|admin|anonymous|api|bar|baz|change|client|database|demo|dev|docs?|dummy|example|fake|foo|goes|guest|here"
    rb"|insert|key|letmein|local|long|mongo|my|mysql|name|paste|passw(?:or)?d|pass|placeholder|postgres|prod|pwd|rabbitmq"
    rb"|random|redacted|redis|replace|root|s3cret|sample|secret|secure|some|staging|string|strong|super|test|this|token|user"
    rb"|value|very|with|x{3,}|your"
)
_DOCUMENTED = frozenset(  # by providers, in their own pages; of a JSON Web Token its signature
    (
        b"AKIAIOSFODNN7EXAMPLE",
        b"ASIAIOSFODNN7EXAMPLE",
        b"AKIAI44QH8DHBEXAMPLE",
        b"ASIAI44QH8DHBEXAMPLE",
        b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        b"je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
        b"SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        b"KMUFsIDTnFmyG3nMiGM6H9FNFUROf3wh7SmqJp-QV30",
        b"TJVA95OrM7E2cBab30RMHrHDcEfxjoYZgeFONFh7HgQ",
        b"XbPfbIHMI6arZ3Y922BhjWgQzWXcXNrz0ogtVhfEd2o",
        b"dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        b"CRXP1A7WOeoJeXxjNni43kdQwgnWNReilDMblYTn_I0",
        b"EGIM96RAZx35lJzdJsyH-qQwv8Hdp7fsn3W0YpN81IU",
    )
)


@dataclass(frozen=True)
class Secret:
    """What a secret is, and where it is; never the secret."""

    kind: str
    offset: int


_BY_ANCHOR = {anchor: kind for kind in reversed(KINDS) for anchor in kind.anchors}
_BY_LETTER = groupby(  # the longer first: one anchor may begin with another
    sorted((anchor.decode() for anchor in _BY_ANCHOR if len(anchor) > 1), reverse=True), itemgetter(0)
)
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
        if match is not None and not is_example(
            match["value"] if "value" in kind.pattern.groupindex else match[0], kind
        ):
            is_below = kind is NETRC and b"\n" in match[0]
            yield Secret(kind.name, match.start("value") if is_below else anchor.start())


def _may_have_secrets(content: bytes) -> bool:
    """Look only at long words, a twentieth of ordinary text: to look at all of it takes three times as long."""
    if len(content) > _LARGE or any(all(mark in content for mark in marks) for marks in _MARKS_OF_SHORT_WORDS):
        return True
    words = b" ".join([word for word in content.split() if len(word) >= SHORTEST_WORD])
    return any(
        not (kind := _BY_ANCHOR[anchor.group()]).is_one_word or kind.pattern.match(words, anchor.start())
        for anchor in _ANCHOR.finditer(words)
    )


def find_key_file(path: str, content: bytes) -> str | None:
    """Return what a file is that is a key by its name, or None."""
    if content and KEY_FILE.search(path):
        return "a file of keys by its name"
    is_der = content[:2] in {b"\x30\x81", b"\x30\x82"}
    return "a private key by its name, in DER" if is_der and DER_KEY_FILE.search(path) else None


def _is_example(secret: bytes, kind: Kind) -> bool:
    """Tell whether a person typed `secret` as a stand-in: all of it, or nearly."""
    least, least_entropy = _LEAST_OF_PASSWORD if kind.is_password else _LEAST
    if secret in _DOCUMENTED or _entropy(secret) < least_entropy:
        return True
    own = secret.removeprefix(next((anchor for anchor in kind.anchors if secret.startswith(anchor)), b""))
    left = _STAND_IN.sub(b"", _without_ladders(own.lower()))
    return len(left) < max(least, _LEAST_SHARE_LEFT * len(own))


def _without_ladders(secret: bytes) -> bytes:
    """Return `secret` without runs in which each byte, or every second, is that before it or its successor."""
    typed: set[int] = set()
    for stride in (1, 2):
        for step in (0, 1):
            start = 0
            for at in range(stride, len(secret) + 1):
                if at == len(secret) or secret[at] - secret[at - stride] != step:
                    if at - start >= _LADDER:
                        typed.update(range(start, at))
                    start = at - stride + 1
    return bytes(byte for at, byte in enumerate(secret) if at not in typed)


def _entropy(secret: bytes) -> float:
    """Return Shannon's entropy of the bytes, in bits a byte."""
    return -sum(count / len(secret) * log2(count / len(secret)) for count in Counter(secret).values())
