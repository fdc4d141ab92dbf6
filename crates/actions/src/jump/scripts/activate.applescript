-- Brings an app to the front: item 1 is its name.
on run argv
	tell application (item 1 of argv) to activate
	return "shown"
end run
