"""Our signature against the published vector, and against the official signer over random requests."""

from __future__ import annotations

from types import SimpleNamespace

from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from hypothesis import given
from hypothesis import strategies as st

from gesaudit.cloud.signing import authorization

PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
HOST = "ges.eu-west-101.myhuaweicloud.eu"


def test_the_published_vector() -> None:
    said = authorization(
        "AKEXAMPLE0000000",
        "SKexample-not-a-secret-0000000000",
        method="GET",
        path=f"/v2/{PROJECT}/graphs/4c5f882d-a813-4d78-a8e3-6d3212ddd121/backups",
        query=[("limit", "100"), ("offset", "0")],
        headers={
            "X-Sdk-Date": "20261123T080000Z",
            "Host": HOST,
            "X-Project-Id": PROJECT,
            "Content-Type": "application/json",
        },
    )
    assert said == (
        "SDK-HMAC-SHA256 Access=AKEXAMPLE0000000, SignedHeaders=content-type;host;x-project-id;x-sdk-date, "
        "Signature=8bd320e401125b11717075ebceb4a3ae65d88292701b169c8b5af6a3e8106a84"
    )


words = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="/"), min_size=1, max_size=12)
keys = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdef", min_size=8, max_size=40)


@given(
    access_key=keys,
    secret_key=keys,
    segments=st.lists(words, min_size=1, max_size=5),
    query=st.dictionaries(words, words | st.just(""), max_size=4),
    project=keys,
    token=st.none() | keys,
    body=st.binary(max_size=40),
)
def test_it_agrees_with_the_official_signer(
    access_key: str,
    secret_key: str,
    segments: list[str],
    query: dict[str, str],
    project: str,
    token: str | None,
    body: bytes,
) -> None:
    headers = {
        "X-Sdk-Date": "20261123T080000Z",
        "Host": HOST,
        "X-Project-Id": project,
        "Content-Type": "application/json",
        **({"X-Security-Token": token} if token else {}),
    }
    path = "/" + "/".join(segments)
    request = SdkRequest(
        method="GET",
        schema="https",
        host=HOST,
        resource_path=path,
        uri=path,
        query_params=list(query.items()),
        header_params=dict(headers),
        body=body,
    )
    theirs = Signer(SimpleNamespace(ak=access_key, sk=secret_key)).sign(request).header_params["Authorization"]
    ours = authorization(
        access_key, secret_key, method="GET", path=path, query=list(query.items()), headers=headers, body=body
    )
    assert ours == theirs
