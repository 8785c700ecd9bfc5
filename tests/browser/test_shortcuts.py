import pytest

from browser.visits import LOOKS, Site, Theme

LIST = """
const list = document.createElement("ul");
list.dataset.rows = "";
for (const id of ["one", "two", "three"]) list.innerHTML += `
  <li data-row id="${id}">
    <a href="#${id}">${id}</a> <input type="checkbox" aria-label="Select ${id}" data-shortcut="x">
  </li>`;
const bar = document.createElement("div");
bar.innerHTML = `
  <input id="bar" aria-label="Search" data-shortcut="/">
  <button data-shortcut="E" data-shortcut-title="Resolve all">Resolve</button>`;
document.querySelector("main").append(list, bar);
"""


@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_the_sheet_lists_what_the_page_declares_and_closes_with_escape(
    site: Site, theme: Theme, size: tuple[int, int]
) -> None:
    with site.visit(theme=theme, size=size) as visit:
        visit.go("")
        visit.page.evaluate(LIST)
        visit.page.keyboard.press("?")
        sheet = visit.page.get_by_role("dialog", name="Keyboard shortcuts")
        sheet.wait_for()
        lines = sheet.locator("dl > div").all_inner_texts()
        assert [" ".join(line.split()) for line in lines if "Overview" in line] == ["Overview g o"]
        assert any("Resolve all" in line for line in lines)
        assert any("Next row" in line for line in lines)
        assert visit.axe_findings() == []
        visit.page.keyboard.press("Escape")
        sheet.wait_for(state="detached")


def test_j_and_k_walk_a_list_and_keys_act_on_the_row_that_is_current(site: Site) -> None:
    with site.visit() as visit:
        visit.go("")
        visit.page.evaluate(LIST)
        for key in ("j", "j", "j", "j", "k", "x"):
            visit.page.keyboard.press(key)
        assert visit.page.evaluate("document.activeElement.textContent") == "two"
        assert visit.page.locator("[data-row] input:checked").get_attribute("aria-label") == "Select two"
        visit.page.keyboard.press("Enter")
        assert visit.page.url.endswith("#two")


def test_keys_are_letters_while_somebody_types_and_when_they_are_switched_off(site: Site) -> None:
    with site.visit() as visit:
        visit.go("")
        visit.page.evaluate(LIST)
        visit.page.keyboard.press("/")
        visit.page.keyboard.type("jx?")
        assert visit.page.locator("#bar").input_value() == "jx?"
        assert visit.page.locator("dialog[open]").count() == 0
        visit.page.get_by_role("button", name="Your account").click()
        visit.page.get_by_role("button", name="Keyboard shortcuts").click()
        visit.page.get_by_label("Single keys are shortcuts").uncheck()
        visit.page.keyboard.press("Escape")
        visit.go("")
        visit.page.evaluate(LIST)
        visit.page.keyboard.press("?")
        visit.page.keyboard.press("j")
        assert visit.page.locator("dialog[open], [data-current]").count() == 0


def test_g_and_a_letter_go_to_a_page(site: Site) -> None:
    with site.visit() as visit:
        visit.go("?from=1")
        visit.page.keyboard.press("g")
        visit.page.keyboard.press("o")
        visit.page.wait_for_url("**/live/")
