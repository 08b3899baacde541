"""Who may join: answers are sent only once the nonces that they use are on the disk."""

from collections.abc import Mapping
from typing import NamedTuple

from chargelink.edge.sockets.keys import SocketKey
from chargelink.edge.sockets.memory import Conversation, Memory
from chargelink.edge.sockets.plan import RadioPlan
from chargelink.lora_socket.join import JoiningEdge, Member
from chargelink.lora_socket.messages import JoinAccept

ANSWER_WITHIN = 1.5  # s; a socket asks again after two


class JoinAnswer(NamedTuple):
    """A JOIN_ACC to be sent where the request was heard, until it is of no use."""

    eui: bytes
    frame: bytes
    frequency_hz: int
    until: float
    conversation: Conversation


class Admission:
    """The roster at the door. `memory` is changed; its owner writes it before the answers are fetched."""

    def __init__(self, net: int, roster: Mapping[bytes, SocketKey], plan: RadioPlan, memory: Memory) -> None:
        self._roster = roster
        self._plan = plan
        self._memory = memory
        members = {eui: Member(key.device_key, memory.sockets[eui.hex()].dev_nonce) for eui, key in roster.items()}
        self._door = JoiningEdge(net, members, memory.join_nonce)

    def request(
        self, frame: bytes, frequency_hz: int, channel: Mapping[bytes, int], network_time: int, now: float
    ) -> JoinAnswer:
        """The answer to a JOIN_REQ. Raises DecodeError for one that is not answered, and says why."""
        request = self._door.receive(frame)
        accept = JoinAccept(
            join_nonce=1,  # the door gives the next one
            address=self._roster[request.eui].address,
            network_time=network_time,
            frequency_1=self._plan.told[0],
            frequency_2=self._plan.told[1],
            frequency_3=self._plan.told[2],
            channel=channel[request.eui],
            spreading_factor=self._plan.spreading_factor,
            power=self._plan.power_dbm,
            group_key_epoch=0,
            parameter_version=0,
            cycle=self._plan.cycle,
        )
        answer, joined = self._door.accept(request, accept)
        self._memory.join_nonce = self._door.join_nonce
        self._memory.sockets[request.eui.hex()].dev_nonce = request.dev_nonce
        conversation = Conversation(request.dev_nonce, joined.keys.join_nonce)
        return JoinAnswer(request.eui, answer, frequency_hz, now + ANSWER_WITHIN, conversation)
