"""The live page for people: what the fleet does now, who charges, what it cost, what needs a person."""
