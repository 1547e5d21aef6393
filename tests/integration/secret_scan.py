"""Looks for a secret in what must not contain it: raw, as hex, as base64 in any alignment."""
import base64


def forms(secret):
    """The byte strings in which `secret` could stand in a text, by name."""
    found = {"raw": secret, "hex": secret.hex().encode(), "HEX": secret.hex().upper().encode()}
    for alignment in range(3):
        encoded = base64.b64encode(bytes(alignment) + secret)
        # Drop what also depends on the neighbouring bytes: some characters at either end.
        start = (0, 2, 3)[alignment]
        end = len(encoded) - (4 if (len(secret) + alignment) % 3 else 0)
        found[f"base64+{alignment}"] = encoded[start:end]
    return found


def leaks(secret, haystack):
    """Names of the forms of `secret` (at least 8 bytes) that `haystack` contains."""
    assert len(secret) >= 8
    return [name for name, form in forms(secret).items() if form in haystack]
