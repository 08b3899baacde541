"""`python -m chargelink.cli`, for machines without the script on their path."""

import sys

from chargelink.cli.main import main

sys.exit(main())
