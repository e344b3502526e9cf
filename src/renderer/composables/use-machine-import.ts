import { useNavigation } from '../app/actions/use-navigation.js';
import { useText } from '../app/i18n/use-text.js';
import { useClient } from '../client/client-context.js';
import { useDialogsStore } from '../stores/dialogs.js';
import { useNoticesStore } from '../stores/notices.js';
import { useMediaPicker } from './use-media-picker.js';

/** Takes over a machine of another program: asks for its file, imports it, opens it, says what could not be taken over. */
export function useMachineImport(): () => Promise<void> {
  const client = useClient();
  const dialogs = useDialogsStore();
  const notices = useNoticesStore();
  const navigation = useNavigation();
  const pick = useMediaPicker();
  const { t } = useText();

  return async () => {
    await notices.attempt(async () => {
      const medium = await pick(['machine']);
      if (!medium) return;
      notices.say(t('job.import', { title: medium.name }));
      const { machine, warnings } = await client.request('machine.import', { mediaId: medium.id });
      navigation.openMachine(machine.config.id);
      if (warnings.length === 0) return;
      const title = t('transfer.importedTitle', { name: machine.config.name });
      await dialogs.confirm(title, warnings.join(' '), [{ id: 'ok', label: t('common.open'), tone: 'primary' }]);
    });
  };
}
