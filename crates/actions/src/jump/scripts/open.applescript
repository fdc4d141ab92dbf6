-- Opens a window of Terminal.app with a command: item 1 is exec, the others are its words, each
-- quoted for the shell that Terminal.app runs it in.
on run argv
	set command to item 1 of argv
	repeat with aWord in rest of argv
		set command to command & " " & quoted form of (contents of aWord)
	end repeat
	tell application "Terminal"
		do script command
		activate
	end tell
	return "shown"
end run
