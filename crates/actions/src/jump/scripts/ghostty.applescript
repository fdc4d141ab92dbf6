-- Shows the terminal of Ghostty with this device (item 1), or, where it does not tell devices yet
-- (1.3), the only one in this folder (item 2).
on run argv
	set wanted to item 1 of argv
	set folder to item 2 of argv
	tell application "Ghostty"
		set found to missing value
		try
			repeat with aTerminal in terminals
				if tty of aTerminal is wanted then set found to contents of aTerminal
			end repeat
		on error
			if found is missing value then
				set fitting to {}
				repeat with aTerminal in terminals
					if working directory of aTerminal is folder then set end of fitting to contents of aTerminal
				end repeat
				if (count of fitting) is 1 then set found to item 1 of fitting
			end if
		end try
		if found is missing value then return "none"
		focus found
		activate
		return "shown"
	end tell
end run
