-- Opens a window of Terminal.app with a command: the items are its words, each quoted for the
-- shell that Terminal.app runs it in.
on run argv
	set command to "exec"
	repeat with aWord in argv
		set command to command & " " & quoted form of (contents of aWord)
	end repeat
	tell application "Terminal"
		do script command
		activate
	end tell
	return "shown"
end run
