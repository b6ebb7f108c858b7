"""Who plays: players, what identifies them, how they pay, from where they come, what we told them. One module for each subject."""

from players.models.arrivals import Arrival
from players.models.blocks import Block, BlockReason
from players.models.callers import CallerCheck, CallerPolicy
from players.models.complaints import Complaint
from players.models.consents import Consent
from players.models.devices import Device, SignIn
from players.models.dormancy import Dormancy, DormancySweep
from players.models.duplicates import Duplicate, DuplicateSweep
from players.models.instruments import Instrument
from players.models.looks import Look
from players.models.merges import Merge
from players.models.messages import Message
from players.models.personal import Encrypted
from players.models.player import Player, PlayerQuerySet
from players.models.privacy import AccessRequest, Erasure, Kept
from players.models.profile import Address, Instruction
from players.models.segments import Segment, SegmentMember, SegmentRun
from players.models.templates import MessageTemplate
from players.models.tickets import Ticket, TicketMessage

__all__ = [
    "AccessRequest",
    "Address",
    "Arrival",
    "Block",
    "BlockReason",
    "CallerCheck",
    "CallerPolicy",
    "Complaint",
    "Consent",
    "Device",
    "Dormancy",
    "DormancySweep",
    "Duplicate",
    "DuplicateSweep",
    "Encrypted",
    "Erasure",
    "Instruction",
    "Instrument",
    "Kept",
    "Look",
    "Merge",
    "Message",
    "MessageTemplate",
    "Player",
    "PlayerQuerySet",
    "Segment",
    "SegmentMember",
    "SegmentRun",
    "SignIn",
    "Ticket",
    "TicketMessage",
]
