"""The certificate of a proxy, and of a server behind it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate for 127.0.0.1, in files for proxies and servers."""

    authority: Path
    chain: Path
    key: Path
    both: Path
    """The key and the chain."""

    @classmethod
    def issue(cls, folder: Path) -> Self:
        """Issue a certificate, with an authority of its own."""
        import trustme  # most rows have no proxy, and its import is slow

        issuer = trustme.CA()
        issued = issuer.issue_cert("127.0.0.1")
        made = cls(*(folder / name for name in ("authority.pem", "chain.pem", "key.pem", "both.pem")))
        issuer.cert_pem.write_to_path(made.authority)
        made.chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(made.key)
        issued.private_key_and_cert_chain_pem.write_to_path(made.both)
        return made
