"""The link between edge and hub: remote calls both ways over one websocket, `ws://hub/link/{edge_id}`.

quantities  what integers and names may be
messages    every action: its request, its answer, who may ask
frames      CALL, CALLRESULT, CALLERROR as MessagePack or JSON
telemetry   many samples of a session as few bytes
dictionary  what compressed frames need not say again
answered    the last answers given
meanings    what each field means
tables      the tables of the page
peer        either end: calls in, calls out, who still waits for what
"""
