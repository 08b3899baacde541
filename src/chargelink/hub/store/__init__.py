"""What the hub keeps: models of the tables, their migrations, and the writer of what the edges pour in."""
