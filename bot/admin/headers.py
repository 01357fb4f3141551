"""The security headers of every answer of the staff's page."""

from __future__ import annotations

from flask import Response
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    CustomHeader,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)

YEAR_SECONDS = 31_536_000


def build_headers(*, is_https: bool) -> Secure:
    """Build the headers of a page: nothing from any other host, no inline script or style, no frame around it."""
    return Secure(
        csp=ContentSecurityPolicy()
        .default_src("'self'")
        .script_src("'self'")
        .style_src("'self'")
        .img_src("'self'", "data:", "blob:")
        .media_src("'self'")
        .connect_src("'self'")
        .object_src("'none'")
        .base_uri("'none'")
        .form_action("'self'")
        .frame_ancestors("'none'"),
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        hsts=StrictTransportSecurity().max_age(YEAR_SECONDS) if is_https else None,
        permissions=PermissionsPolicy().camera().microphone().geolocation().payment().usb(),
        referrer=ReferrerPolicy().no_referrer(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
        custom=[CustomHeader("X-Robots-Tag", "noindex, nofollow")],
    )


def add_headers(response: Response, headers: Secure, *, is_static: bool) -> Response:
    """Put the headers on an answer; what an answer has set for itself (a photo's stricter policy) stays."""
    for name, value in headers.headers.items():
        response.headers.setdefault(name, value)
    if is_static and response.status_code in {200, 304}:
        # The address holds a hash of the file, so the file behind one address never changes.
        response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
