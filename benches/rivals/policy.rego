# The five controls that are compared, in Rego: 0 complies, 1 does not, 2 is not in scope, 3 could not be learned.
# Written as the virtual machine likes it best: one entry point for all five, and no `not` of what may be missing.
package backup

gone if input.status == "DELETING"

gone if input.status == "EXPIRED"

default encrypted := 3

encrypted := 2 if input.status in {"CREATING", "DELETING"}

else := 0 if {
	input.status
	input.isEncrypted
}

else := 1 if {
	input.status
	input.isEncrypted == false
}

default retention := 3

retention := 2 if gone

else := 1 if {
	input.status
	input.lifecycle.deleteAfterDays < 35
}

else := 0 if {
	input.status
	input.lifecycle
}

default age := 3

age := 2 if gone

else := 1 if {
	input.status
	input.ageDays > 400
}

else := 0 if {
	input.status
	input.ageDays
}

default locked := 3

locked := 2 if gone

else := 1 if {
	input.status
	data.locked[input.vault] == false
}

else := 0 if {
	input.status
	data.locked[input.vault]
}

default cold := 3

cold := 1 if input.lifecycle.deleteAfterDays < input.lifecycle.moveToColdStorageAfterDays + 90

else := 0 if input.lifecycle.moveToColdStorageAfterDays

else := 2 if input.lifecycle

answers := [encrypted, retention, age, locked, cold]
