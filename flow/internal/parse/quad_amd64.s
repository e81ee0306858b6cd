#include "textflag.h"

DATA zeros<>+0(SB)/8, $0x3030303030303030
DATA zeros<>+8(SB)/8, $0x3030303030303030
GLOBL zeros<>(SB), RODATA|NOPTR, $16
DATA tens<>+0(SB)/8, $0x0a0a0a0a0a0a0a0a
DATA tens<>+8(SB)/8, $0x0a0a0a0a0a0a0a0a
GLOBL tens<>(SB), RODATA|NOPTR, $16
DATA dots<>+0(SB)/8, $0x2e2e2e2e2e2e2e2e
DATA dots<>+8(SB)/8, $0x2e2e2e2e2e2e2e2e
GLOBL dots<>(SB), RODATA|NOPTR, $16
DATA weights<>+0(SB)/8, $0x010a010a010a010a
DATA weights<>+8(SB)/8, $0x0064006400640064
GLOBL weights<>(SB), RODATA|NOPTR, $16

// func quadSSE(b *byte, shapes *shape) (v uint32, n int)
//
// See quad_amd64.go for the method.
TEXT ·quadSSE(SB), NOSPLIT, $0-32
	MOVQ  b+0(FP), SI
	MOVQ  shapes+8(FP), DI
	MOVOU (SI), X0
	MOVO  X0, X1
	PSUBB zeros<>(SB), X1     // digits become 0…9, all else is larger
	MOVO  X1, X2
	PMAXUB tens<>(SB), X2
	PCMPEQB X1, X2            // ff where there is no digit
	PMOVMSKB X2, AX
	PCMPEQB dots<>(SB), X0
	PMOVMSKB X0, R8           // dots

	// M: the marks of the first four bytes that are no digits; CX: the fourth.
	LEAL  -1(AX), BX
	ANDL  AX, BX
	LEAL  -1(BX), CX
	ANDL  BX, CX
	LEAL  -1(CX), DX
	ANDL  CX, DX              // without the first three
	JZ    no
	MOVL  DX, CX
	NEGL  CX
	ANDL  DX, CX              // the fourth alone
	LEAL  -1(CX)(CX*1), BX
	ANDL  AX, BX              // M

	// The first three must be dots.
	MOVL  BX, DX
	XORL  CX, DX
	NOTL  R8
	TESTL R8, DX
	JNZ   no

	IMUL3L $0x29935e13, BX, DX
	SHRL  $24, DX
	SHLL  $5, DX
	ADDQ  DX, DI
	MOVWLZX 24(DI), DX        // the shape's own M
	CMPL  DX, BX
	JNE   no
	MOVOU (DI), X3
	PSHUFB X3, X1             // tens and ones of each octet, then hundreds
	PMADDUBSW weights<>(SB), X1
	MOVO  X1, X2
	PSRLO $8, X2
	PADDW X2, X1              // four octets as words
	MOVQ  16(DI), X3          // the smallest values without a leading zero
	PCMPGTW X1, X3
	MOVQ  X3, DX
	MOVQ  X1, AX
	MOVQ  $0xff00ff00ff00ff00, BX
	ANDQ  AX, BX
	ORQ   DX, BX
	JNZ   no
	PACKUSWB X1, X1
	MOVQ  X1, AX
	BSWAPL AX
	BSFL  CX, CX
	MOVL  AX, v+16(FP)
	MOVQ  CX, n+24(FP)
	RET

no:
	MOVL  $0, v+16(FP)
	MOVQ  $0, n+24(FP)
	RET
