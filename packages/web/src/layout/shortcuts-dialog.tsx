/** The page's keys, by where they count. */
import { texts } from "../texts.ts";
import { Modal } from "../ui/modal.tsx";
import "./shortcuts.css";

const { shortcuts } = texts;
const groups = [
  {
    title: shortcuts.anywhere,
    keys: [
      ["?", shortcuts.help],
      ["z", shortcuts.undo],
    ],
  },
  {
    title: shortcuts.inList,
    keys: [
      ["Enter", shortcuts.open],
      ["F2", shortcuts.rename],
      ["e", shortcuts.archive],
      ["Delete", shortcuts.delete],
    ],
  },
  { title: shortcuts.inThread, keys: [["Esc", shortcuts.back]] },
] as const;

/** Open for as long as it is mounted. */
export function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  return (
    <Modal title={shortcuts.title} onClose={onClose}>
      {groups.map(({ title, keys }) => (
        <section key={title} className="shortcuts">
          <h3>{title}</h3>
          <dl>
            {keys.map(([key, text]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{text}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Modal>
  );
}
