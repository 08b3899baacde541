"""A class becomes a codec: the one place where the generators meet."""

from chargelink.wire.decoder import decoder
from chargelink.wire.encoder import encoder
from chargelink.wire.layout import layout
from chargelink.wire.message import Codec, Message


def generate(cls: type[Message]) -> Codec:
    """The codec of a message class. Raises TypeError where its declaration contradicts itself."""
    decode, decoder_source = decoder(layout(cls))
    encode, encoder_source = encoder(layout(cls))
    return Codec(decode, encode, f"{decoder_source}\n\n{encoder_source}")
