"""The conformance tests of GB/T 34658-2017 as data, and a tester that plays them against a charger or a vehicle.

- `figures`      the numbers of the standards that are judged by: identifiers, periods, lengths, bits, tolerances
- `case`         what a case is: stages, steps, what is said and asked of people
- `expectation`  what a device has to do, and how it is judged
- `log`          what the tester saw and said
- `verdict`      what came of it
- `words`        what the tester can say, right and wrong
- `script`       the good behaviour that brings a device to where a case begins
- `charger`, `vehicle`   the cases; `suite` has all of them by id
- `tester`       plays one case: no I/O, no clock
- `rehearsal`    our own two sides as devices, in jumping time
- `live`         the suite on a real bus, and its reports; `command` is `chargelink conformance`

Nothing here is derived from the tables of `chargelink.gbt27930`: a wrong table there has to be caught here.
"""
