-- Shows the tab of Terminal.app with this device: item 1 is its path.
on run argv
	set wanted to item 1 of argv
	tell application "Terminal"
		repeat with aWindow in windows
			repeat with aTab in tabs of aWindow
				if tty of aTab is wanted then
					set windowId to id of aWindow
					set selected of aTab to true
					if miniaturized of window id windowId then set miniaturized of window id windowId to false
					set index of window id windowId to 1
					activate
					return "shown"
				end if
			end repeat
		end repeat
	end tell
	return "none"
end run
