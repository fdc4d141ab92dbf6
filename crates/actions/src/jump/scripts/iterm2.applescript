-- Shows the session of iTerm2 with this device: item 1 is its path.
on run argv
	set wanted to item 1 of argv
	tell application "iTerm2"
		repeat with aWindow in windows
			repeat with aTab in tabs of aWindow
				repeat with aSession in sessions of aTab
					if tty of aSession is wanted then
						if miniaturized of aWindow then set miniaturized of aWindow to false
						select aWindow
						select aTab
						select aSession
						activate
						return "shown"
					end if
				end repeat
			end repeat
		end repeat
	end tell
	return "none"
end run
