"""Holds a file to the FOCUS 1.0 rules that focus-validator ships, and prints each check that did not pass. The program itself always ends
with 0, so its checks are asked here."""
import os
import sys

import focus_validator
from focus_validator.config_objects.common import ChecklistObjectStatus
from focus_validator.validator import Validator

path = os.path.abspath(sys.argv[1])
# It looks for its list of currencies from where it is started.
os.chdir(os.path.dirname(os.path.dirname(focus_validator.__file__)))
validator = Validator(data_filename=path, output_destination=None, output_type="console", rules_version="1.0")
validator.load()
result = validator.spec_rules.validate(validator.focus_data)
passed = 0
for check in sorted(result.checklist.values(), key=lambda check: check.check_name):
    if check.status == ChecklistObjectStatus.PASSED:
        passed += 1
    else:
        print(check.status.value, check.check_name, check.error or "")
if result.failure_cases is not None:
    for _, fail in result.failure_cases.iterrows():
        print("case", fail["Check Name"], fail["Values"])
print("passed", passed, "rows", len(validator.focus_data))
