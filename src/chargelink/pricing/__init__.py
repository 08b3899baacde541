"""The command `chargelink tariff`: what a tariff means, and what a session costs by it.

commands      the arguments, files in, words out
session_file  a session as a person writes it
bill          a bill as a person reads it
"""
