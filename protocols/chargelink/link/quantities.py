"""What the integers and names of the link may be. A value outside is the peer's fault and is refused at the border.

Integers stay below 2^53, so that JSON readers and databases hold them exactly. Units: mV, mA, mW, mWh, ms, fen.
"""

from typing import Annotated

from msgspec import Meta

EXACT = 2**53 - 1
END = (
    r"$(?!\n)"  # in Python "$" alone lets a line feed follow; ECMA-262, for readers of the AsyncAPI document, has both
)

Count = Annotated[int, Meta(ge=0, le=EXACT)]
Time = Annotated[int, Meta(ge=0, le=EXACT, description="UTC milliseconds since 1970")]
Energy = Annotated[int, Meta(ge=0, le=EXACT, description="mWh")]
Voltage = Annotated[int, Meta(ge=-EXACT, le=EXACT, description="mV")]
Current = Annotated[int, Meta(ge=-EXACT, le=EXACT, description="mA, positive into what is charged")]
Power = Annotated[int, Meta(ge=-EXACT, le=EXACT, description="mW, positive into what is charged")]
StateOfCharge = Annotated[int, Meta(ge=0, le=1000, description="0.1 %")]
Money = Annotated[int, Meta(ge=0, le=EXACT, description="fen")]
Price = Annotated[int, Meta(ge=0, le=1_000_000_000, description="1/100 000 yuan per kWh")]

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]*" + END)]
Word = Annotated[str, Meta(max_length=64)]
Sentence = Annotated[str, Meta(max_length=512)]
SessionId = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}" + END)]
Digest = Annotated[bytes, Meta(min_length=32, max_length=32, description="SHA-256")]
HexDigest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + END, description="SHA-256")]
PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32, description="Ed25519, RFC 8032")]
Signature = Annotated[bytes, Meta(min_length=64, max_length=64, description="Ed25519, RFC 8032")]
Person = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}" + END, description="random, says nothing about who it is")]
