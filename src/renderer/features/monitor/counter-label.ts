import type { Locale } from '../../app/i18n/locales.js';

/** Names of what a machine counts: English, Simplified Chinese. Exits and interrupts come without their prefix. */
const NAMES: Readonly<Record<string, readonly [en: string, zh: string]>> = {
  // Exits of the virtual processor.
  'port': ['Port I/O', '端口 I/O'],
  'mmio': ['MMIO', 'MMIO'],
  'interrupt': ['Interrupts', '中断'],
  'halt': ['Halt', '停机'],
  // Interrupts.
  'timer': ['Timer', '定时器'],
  'keyboard': ['Keyboard', '键盘'],
  'mouse': ['Mouse', '鼠标'],
  'com1': ['COM1', 'COM1'],
  'com2': ['COM2', 'COM2'],
  'floppy': ['Floppy', '软盘'],
  'rtc': ['Real-time clock', '实时时钟'],
  'acpi': ['ACPI', 'ACPI'],
  'pci': ['PCI', 'PCI'],
  'ide': ['IDE', 'IDE'],
  'msi': ['MSI', 'MSI'],
  // The software engines.
  'tlbMisses': ['TLB misses', 'TLB 未命中'],
  'tlbFlushes': ['TLB flushes', 'TLB 刷新'],
  'pageFaults': ['Page faults', '缺页异常'],
  'exceptions': ['Exceptions', '异常'],
  'externalInterrupts': ['Interrupts taken', '已响应的中断'],
  'softwareInterrupts': ['Software interrupts', '软件中断'],
  'portAccesses': ['Port accesses', '端口访问'],
  'mmioAccesses': ['MMIO accesses', 'MMIO 访问'],
  'decodedInstructions': ['Instructions decoded', '已解码指令'],
  'codeInvalidations': ['Code invalidations', '代码失效'],
  'cacheFlushes': ['Code cache flushes', '代码缓存刷新'],
  'singleSteps': ['Single steps', '单步执行'],
  'halts': ['HLT instructions', 'HLT 指令'],
  'taskSwitches': ['Task switches', '任务切换'],
  'regions': ['Regions translated', '已翻译区域'],
  'regionsDropped': ['Regions dropped', '已丢弃区域'],
  'regionsEvicted': ['Regions evicted', '已逐出区域'],
  'regionBytes': ['Translated bytes', '已翻译字节'],
  'regionsEntered': ['Regions entered', '进入区域'],
  'regionInstructions': ['Instructions in regions', '区域内指令'],
  'regionSteps': ['Regions left for one instruction', '为单条指令退出区域'],
  // What regions are left for.
  'regionExit.lookup': ['Left: to look up where the code goes', '退出：查找去向'],
  'regionExit.region': ['Left: to another region', '退出：转入其他区域'],
  'regionExit.code': ['Left: to code not translated', '退出：转入未翻译代码'],
  'regionExit.pause': ['Left: time slice over', '退出：时间片用完'],
  'regionExit.miss': ['Left: TLB miss', '退出：TLB 未命中'],
  'regionExit.behind': ['Left: behind what the core executed', '退出：核心执行之后'],
  'regionExit.integer': ['Left: integer instruction', '退出：整数指令'],
  'regionExit.string': ['Left: string instruction', '退出：串指令'],
  'regionExit.x87': ['Left: x87 instruction', '退出：x87 指令'],
  'regionExit.vector': ['Left: MMX or SSE instruction', '退出：MMX 或 SSE 指令'],
  'regionExit.port': ['Left: port instruction', '退出：端口指令'],
  'regionExit.system': ['Left: system instruction', '退出：系统指令'],
  // The KVM engine and the machine.
  'kvm.kicks': ['KVM kicks', 'KVM 唤起'],
  'kvm.coalesced': ['KVM coalesced writes', 'KVM 合并写入'],
  'slices': ['Time slices', '时间片'],
  'resets': ['Resets', '复位'],
};

/** What a person reads for a counter; one without a settled name is shown by its key, in words. */
export function counterLabel(key: string, locale: Locale): string {
  const settled = NAMES[key];
  if (settled) return settled[locale === 'en' ? 0 : 1];
  const words = key
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/[-_.]/g, ' ')
    .toLowerCase();
  return words
    .replace(/^kvm\b/, 'KVM')
    .replace(/^irq(\d+)/, 'IRQ $1')
    .replace(/^[a-z]/, (first) => first.toUpperCase());
}
