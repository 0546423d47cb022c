import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';

export interface PhotoInputProps {
  /** Of the file control; unique within the page. */
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  readonly multiple?: boolean;
  readonly disabled?: boolean;
  readonly onPhotos: (photos: readonly File[]) => void;
  readonly children?: ComponentChildren;
}

/** A place for photos: a file control that can also be dropped upon. */
export function PhotoInput({
  id,
  label,
  hint,
  multiple = false,
  disabled = false,
  onPhotos,
  children,
}: PhotoInputProps): JSX.Element {
  const [over, setOver] = useState(false);
  const take = (files: FileList | null | undefined) => {
    const photos = [...(files ?? [])].slice(0, multiple ? undefined : 1);
    if (photos.length > 0 && !disabled) onPhotos(photos);
  };
  return (
    <div
      class="drop"
      data-over={over}
      data-disabled={disabled}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
    >
      {children}
      <input
        id={id}
        class="hidden"
        type="file"
        accept="image/*"
        multiple={multiple}
        disabled={disabled}
        aria-describedby={`${id}-hint`}
        onChange={(event) => {
          take(event.currentTarget.files);
          // The same file again is to be an event, too.
          event.currentTarget.value = '';
        }}
      />
      <label class="button" for={id}>
        {label}
      </label>
      <span id={`${id}-hint`} class="quiet small">
        {hint}
      </span>
    </div>
  );
}
