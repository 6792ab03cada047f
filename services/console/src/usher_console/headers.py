"""What browsers may load for the console's pages."""

from urllib.parse import urlsplit

from usher_console.settings import ConsoleSettings


def page_policy(settings: ConsoleSettings) -> str:
    """Scripts and styles come from this origin alone, never inline.

    Forms may end at identity too, by a redirect: signing out does.
    """
    identity = urlsplit(settings.token_issuer)
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            f"form-action 'self' {identity.scheme}://{identity.netloc}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ]
    )
