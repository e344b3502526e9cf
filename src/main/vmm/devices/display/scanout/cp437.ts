/**
 * Code page 437 as its glyphs look: character code → Unicode character, the control range as its symbols.
 * Source: Unicode Consortium, VENDORS/MICSFT/PC/CP437.TXT and VENDORS/MISC/IBMGRAPH.TXT.
 */
export const CP437: readonly string[] = [
  ...' ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼',
  ...' !"#$%&\'()*+,-./0123456789:;<=>?',
  ...'@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_',
  ...'`abcdefghijklmnopqrstuvwxyz{|}~⌂',
  ...'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ',
  ...'áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐',
  ...'└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀',
  ...'αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ',
];
