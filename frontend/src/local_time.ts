// A field for a moment, typed in the reader's zone and sent in UTC; on hover it says the exact UTC. Without scripts it is
// typed in UTC, which is what the page says then.
export function mount(element: HTMLElement): void {
  const field = element.querySelector<HTMLInputElement>("input[type=datetime-local]");
  if (field === null) return;
  const sent = document.createElement("input");
  sent.type = "hidden";
  sent.name = field.name;
  field.removeAttribute("name");
  field.after(sent);
  if (field.value !== "") field.value = asLocal(new Date(`${field.value}Z`));
  const take = () => {
    const moment = new Date(field.value); // without a zone it is the reader's
    const isMoment = !Number.isNaN(moment.getTime());
    sent.value = isMoment ? moment.toISOString().slice(0, 16) + "Z" : "";
    field.title = isMoment ? sent.value.replace("T", " ").replace("Z", " UTC") : "";
  };
  field.addEventListener("input", take);
  take();
}

function asLocal(moment: Date): string {
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
