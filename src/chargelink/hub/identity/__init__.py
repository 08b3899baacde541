"""Who is who: the hub's CA, the edges that an operator added, and who is let in.

refusals    every way to be refused, in words, and how often it happened
limits      how often somebody may be wrong; nonces that are taken once
authority   the hub's CA and its listeners' certificate, as files
registry    edges, tokens and certificates in the database
tls         the context of a listener
admission   whose link it is, at its beginning and every second
reception   the enrolment listener
"""
