"""How a report looks."""

CSS = """
:root { color-scheme: light }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1160px; padding: 24px 20px 60px;
  background: #fff; color: #222; font: 15px/1.5 system-ui, sans-serif }
h1 { margin: 0; font-size: 26px; overflow-wrap: anywhere }
h2 { margin: 44px 0 12px; padding-bottom: 4px; font-size: 20px;
  border-bottom: 1px solid #ddd }
h3 { margin: 0 0 2px; font-size: 15px }
nav { display: flex; flex-wrap: wrap; gap: 0 16px }
nav a { color: #0072b2 }
.state { margin: 4px 0 10px; color: #555 }
.note, figcaption { margin: 6px 0; max-width: 80ch; color: #666;
  font-size: 13px }
.columns { display: grid; gap: 28px 32px;
  grid-template-columns: repeat(auto-fill, minmax(min(480px, 100%), 1fr)) }
figure { margin: 0 }
figure svg { width: 100%; height: auto; display: block; overflow: visible }
figure svg.swatch { display: inline-block; width: 22px; height: 8px;
  margin-right: 5px }
svg polyline { fill: none; stroke-width: 2; stroke-linejoin: round }
svg .grid { stroke: #e4e4e4 }
svg text { fill: #666; font-size: 12px }
@media (max-width: 600px) { svg text { font-size: 16px } }
svg text.x { text-anchor: middle }
svg text.y { text-anchor: end }
.legend { display: flex; flex-wrap: wrap; gap: 0 16px; margin: 0 0 4px;
  padding: 0; list-style: none; font-size: 13px }
.wide { overflow-x: auto; margin-bottom: 12px }
table { border-collapse: collapse; font-size: 13px;
  font-variant-numeric: tabular-nums }
th, td { padding: 3px 14px 3px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid #eee }
th { min-width: 4em; color: #666; font-weight: 600; vertical-align: bottom }
.number { text-align: right }
td:not(:first-child) { overflow-wrap: anywhere }
table.classes td:first-child { font-weight: 600; white-space: nowrap }
table.runs td:last-child { font-family: ui-monospace, monospace }
.bar { position: relative; display: block; width: 110px; height: 1.5em;
  background: #f2f2f2 }
.bar i { position: absolute; inset: 0 auto 0 0; background: #bcdcf0 }
.bar b { position: absolute; right: 6px; font-weight: 600 }
.sheet { margin-bottom: 24px }
.sheet img { display: block; max-width: 100%; border: 1px solid #ddd }
.sheet details img { margin-top: 10px }
summary { cursor: pointer; color: #0072b2; font-size: 13px }
pre { overflow-x: auto; padding: 12px; background: #f7f7f7;
  font: 12px/1.45 ui-monospace, monospace }
"""
