import { computed, type ComputedRef } from 'vue';
import { guestOsSchema, type GuestOs, type MachineConfig } from '../../../shared/config/machine-config.js';
import { useText } from '../../app/i18n/use-text.js';
import { useHostStore } from '../../stores/host.js';

/** A type and not an interface: naive-ui wants options to be open to further keys. */
export type Option<T extends string | number> = { value: T; label: string; disabled?: boolean };

type Options<T extends string | number> = ComputedRef<Option<T>[]>;

export interface MachineOptions {
  readonly firmware: Options<'builtin' | 'seabios'>;
  readonly engine: Options<MachineConfig['engine']>;
  readonly processor: Options<MachineConfig['processor']>;
  readonly videoMemory: Options<MachineConfig['display']['videoMemoryMiB']>;
  readonly clock: Options<MachineConfig['clock']>;
  readonly pointer: Options<MachineConfig['pointer']>;
  readonly guestOs: Options<GuestOs>;
}

/** The choices of machine settings, in the words of the language; what this host lacks cannot be chosen. */
export function useMachineOptions(): MachineOptions {
  const { t } = useText();
  const host = useHostStore();
  const hasSeabios = computed(() => host.facts?.firmware.some((found) => found.kind === 'seabios') ?? false);
  return {
    firmware: computed(() => [
      { value: 'builtin', label: t('firmware.builtin') },
      {
        value: 'seabios',
        label: hasSeabios.value ? t('firmware.seabios') : `${t('firmware.seabios')} (${t('firmware.notFound')})`,
        disabled: !hasSeabios.value,
      },
    ]),
    engine: computed(() => [
      { value: 'auto', label: t('engine.auto') },
      { value: 'translator', label: t('engine.translator') },
      { value: 'interpreter', label: t('engine.interpreter') },
      { value: 'kvm', label: t('engine.kvm') },
    ]),
    processor: computed(() => [
      { value: 'full', label: t('settings.processorFull') },
      { value: 'movable', label: t('settings.processorMovable') },
    ]),
    videoMemory: computed(() => ([4, 8, 16, 32] as const).map((value) => ({ value, label: `${value} MiB` }))),
    clock: computed(() => [
      { value: 'utc', label: t('settings.clockUtc') },
      { value: 'local', label: t('settings.clockLocal') },
    ]),
    pointer: computed(() => [
      { value: 'auto', label: t('settings.pointerAuto') },
      { value: 'relative', label: t('settings.pointerRelative') },
    ]),
    guestOs: computed(() => guestOsSchema.options.map((os) => ({ value: os, label: t(`os.${os}`) }))),
  };
}
