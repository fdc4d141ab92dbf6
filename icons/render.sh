#!/bin/sh
# Renders every icon from src/. Needs rsvg-convert (librsvg2-bin); png2icns (icnsutils) for icon.icns.
set -eu
cd "$(dirname "$0")"
mkdir -p tray

# render SOURCE SIZE TARGET [INK]
render() {
  if [ $# -gt 3 ]; then
    sed "s/color=\"#000\"/color=\"$4\"/" "src/$1.svg" | rsvg-convert -w "$2" -h "$2" -o "$3"
  else
    rsvg-convert -w "$2" -h "$2" -o "$3" "src/$1.svg"
  fi
}

render app-small 32 32x32.png
render app 128 128x128.png
render app 256 128x128@2x.png
render app 512 icon.png

# Ink for light and for dark panels; the diamond carries the colour of a need.
for glyph in quiet working paused needs-you; do
  light='#1c2024'
  dark='#edeef0'
  if [ "$glyph" = needs-you ]; then
    light='#975200'
    dark='#ffca16'
  fi
  render "$glyph" 44 "tray/$glyph-on-light.png" "$light"
  render "$glyph" 44 "tray/$glyph-on-dark.png" "$dark"
  render "$glyph" 36 "tray/$glyph-template.png"
done

if command -v png2icns >/dev/null; then
  work=$(mktemp -d)
  trap 'rm -r "$work"' EXIT
  for size in 16 32 48; do render app-small "$size" "$work/$size.png"; done
  for size in 128 256 512 1024; do render app "$size" "$work/$size.png"; done
  png2icns icon.icns "$work"/*.png >/dev/null
fi
