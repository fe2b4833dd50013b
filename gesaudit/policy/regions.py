"""Where GES and IAM answer in the regions that have GES."""

from __future__ import annotations

from typing import NamedTuple


class Endpoints(NamedTuple):
    """Addresses of one region, without a trailing slash."""

    ges: str
    iam: str


_DOMAINS = {
    "ap-southeast-1": "myhuaweicloud.com",
    "ap-southeast-3": "myhuaweicloud.com",
    "cn-east-3": "myhuaweicloud.com",
    "cn-north-1": "myhuaweicloud.com",
    "cn-north-2": "myhuaweicloud.com",
    "cn-north-4": "myhuaweicloud.com",
    "cn-south-1": "myhuaweicloud.com",
    "eu-west-101": "myhuaweicloud.eu",
    "ru-moscow-1": "myhuaweicloud.com",
}
REGIONS = {
    region: Endpoints(f"https://ges.{region}.{domain}", f"https://iam.{region}.{domain}")
    for region, domain in _DOMAINS.items()
}
"""As the official SDK has them (huaweicloudsdkges 3.1.219)."""
