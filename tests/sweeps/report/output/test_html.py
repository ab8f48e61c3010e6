import json
import re
import shutil
import subprocess

import pytest

from sweeps.report.analysis import analyse
from sweeps.report.output.write import write_report
from tests.sweeps.report.planted import Planted

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=20000",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
MEASURE = """<script>window.addEventListener("load", () => setTimeout(() =>
  parent.postMessage(document.documentElement.scrollWidth, "*"), 3000))</script>"""
FRAME = """<body><iframe src="page.html" width="{width}" height="800"></iframe>
<script>onmessage = (event) => document.title = "scrolls " + event.data</script>"""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    arms = {"constant": 0.0, "</script>": 0.1, "a rather long name of an arm, with tfr = 1 throughout": 0.4}
    folder = Planted(arms, n_trials=12, measured=True).write(tmp_path_factory.mktemp("page"))
    return write_report(analyse(folder), pictures=False)


def dump(page, tmp_path, *flags):
    command = [CHROMIUM, *FLAGS, *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def with_script(page, script):
    """Return the page with a script at its end: Vega's own text holds a closing body too."""
    text, end, rest = page.read_text().rpartition("</body>")
    return text + script + end + rest


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", [0, 1], ids=["dark", "light"])
def test_every_figure_draws_without_a_network_or_a_complaint(page, tmp_path, width, scheme):
    done = dump(page, tmp_path, f"--window-size={width},2000", f"--blink-settings=preferredColorScheme={scheme}")
    specs = json.loads(re.search(r'id="specs">(.*?)</script>', page.read_text()).group(1))
    places = re.findall(r'<div class="chart[^"]*" id="([^"]+)"[^>]*>(.*?)</svg>', done.stdout, re.DOTALL)
    assert len(specs) > 20
    assert sorted(name for name, _ in places) == sorted(specs)
    assert all("<svg" in drawn and "<path" in drawn for _, drawn in places)
    assert "CONSOLE" not in done.stderr


CLICK = """<script>
const marks = () => document.querySelectorAll("#arm-means svg .mark-symbol path").length;
let before = 0;
document.addEventListener("drawn", () => { before = marks(); document.querySelector(".legend button").click(); });
document.addEventListener("redrawn", () => {
  const off = [...document.querySelectorAll(".legend button[aria-pressed=false]")].map((b) => b.dataset.arm);
  document.title = `marks ${before} ${marks()} hidden ${new Set(off).size} in ${off.length} legends`;
});</script>"""


def test_a_legend_hides_an_arm_in_every_figure(page, tmp_path):
    (tmp_path / "page.html").write_text(with_script(page, CLICK))
    dom = dump(tmp_path / "page.html", tmp_path).stdout
    before, after, hidden, legends = map(int, re.search(r"marks (\d+) (\d+) hidden (\d+) in (\d+) leg", dom).groups())
    assert (before, after) == (3 * 7, 2 * 7)  # a diamond and six seeds for each arm
    assert hidden == 1
    assert legends >= 4


@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_does_not_scroll_sideways(page, tmp_path, width):
    (tmp_path / "page.html").write_text(with_script(page, MEASURE))
    (tmp_path / "frame.html").write_text(FRAME.format(width=width))
    dom = dump(tmp_path / "frame.html", tmp_path).stdout
    assert int(re.search(r"<title>scrolls (\d+)</title>", dom).group(1)) <= width


THIRDS = """<script>window.addEventListener("load", () => setTimeout(() => {
  const ends = [...document.querySelectorAll("tr")].map((row) => row.cells[Math.min(2, row.cells.length - 1)])
    .map((cell) => Math.round(cell.getBoundingClientRect().right));
  parent.postMessage(`${ends.length} rows, ${Math.max(...ends)}`, "*"); }, 3000))</script>"""


def test_a_phone_shows_three_columns_of_every_table(page, tmp_path):
    opened = page.read_text().replace("<details", "<details open")
    (tmp_path / "opened.html").write_text(opened)
    (tmp_path / "page.html").write_text(with_script(tmp_path / "opened.html", THIRDS))
    (tmp_path / "frame.html").write_text(FRAME.format(width=390))
    dom = dump(tmp_path / "frame.html", tmp_path).stdout
    rows, end = map(int, re.search(r"<title>scrolls (\d+) rows, (\d+)</title>", dom).groups())
    assert rows > 60
    assert end <= 390


def test_a_map_has_a_legend_without_steps_in_the_colours_of_its_scheme(page, tmp_path):
    for scheme, paper in ((0, "rgb(22, 24, 27)"), (1, "rgb(255, 255, 255)")):
        dom = dump(page, tmp_path, f"--blink-settings=preferredColorScheme={scheme}").stdout
        drawn = re.search(r'id="kl-map-0"[^>]*>(.*?)</svg>', dom, re.DOTALL).group(1)
        assert "<linearGradient" in drawn
        assert f'stop offset="0" stop-color="{paper}"' in drawn
