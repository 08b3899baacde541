"""The tables of persons: the keys that open their fields in records, and who was erased.

No row says who anybody is. Keys are wrapped under a key of this hub that is not in the database: `store/vault.py`.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class PersonKey(Model):
    """The key of a person, wrapped. It goes when the person is erased."""

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    person = fields.CharField(max_length=32)
    wrapped = fields.BinaryField()
    since = fields.BigIntField()

    class Meta:
        table = "person_key"
        unique_together = (("edge", "person"),)


class ErasedPerson(Model):
    """A person whose key is gone here. `obeyed` is when the edge said so of itself."""

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    person = fields.CharField(max_length=32)
    at = fields.BigIntField()
    obeyed = fields.BigIntField(null=True)

    class Meta:
        table = "erased_person"
        unique_together = (("edge", "person"),)
        indexes = (Index(fields=("obeyed", "edge"), name="erased_person_obeyed"),)
