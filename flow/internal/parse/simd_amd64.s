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

DATA commas<>+0(SB)/8, $0x2c2c2c2c2c2c2c2c
DATA commas<>+8(SB)/8, $0x2c2c2c2c2c2c2c2c
GLOBL commas<>(SB), RODATA|NOPTR, $16
DATA over<>+0(SB)/8, $0xff00ff00ff00ff00
GLOBL over<>(SB), RODATA|NOPTR, $8

// Weights of the digits of a quad: tens and ones of each octet, hundreds.
DATA octets<>+0(SB)/8, $0x010a010a010a010a
DATA octets<>+8(SB)/8, $0x0064006400640064
GLOBL octets<>(SB), RODATA|NOPTR, $16

// Weights that make pairs, fours and eights of the digits of a number.
DATA pairs<>+0(SB)/8, $0x010a010a010a010a
DATA pairs<>+8(SB)/8, $0x010a010a010a010a
GLOBL pairs<>(SB), RODATA|NOPTR, $16
DATA fours<>+0(SB)/8, $0x0001006400010064
DATA fours<>+8(SB)/8, $0x0001006400010064
GLOBL fours<>(SB), RODATA|NOPTR, $16
DATA eights<>+0(SB)/8, $0x0001271000012710
DATA eights<>+8(SB)/8, $0x0001271000012710
GLOBL eights<>(SB), RODATA|NOPTR, $16

// Sixteen bytes from place n of slide move n digits to the right end.
DATA slide<>+0(SB)/8, $0x8080808080808080
DATA slide<>+8(SB)/8, $0x8080808080808080
DATA slide<>+16(SB)/8, $0x0706050403020100
DATA slide<>+24(SB)/8, $0x0f0e0d0c0b0a0908
GLOBL slide<>(SB), RODATA|NOPTR, $32

// DIGITS loads sixteen bytes at SI into X1, digits as their values, and marks
// the bytes that are none in AX.
#define DIGITS \
	MOVOU  (SI), X1 \
	MOVO   X1, X0 \
	PSUBB  X8, X1 \
	MOVO   X1, X2 \
	PMAXUB X9, X2 \
	PCMPEQB X1, X2 \
	PMOVMSKB X2, AX

// QUAD reads a quad at SI into R10, its length into CX. M, in BX, are the
// marks of the first four bytes that are no digits.
#define QUAD \
	DIGITS \
	PCMPEQB X10, X0 \
	PMOVMSKB X0, R8 \
	LEAL  -1(AX), BX \
	ANDL  AX, BX \
	LEAL  -1(BX), CX \
	ANDL  BX, CX \
	LEAL  -1(CX), DX \
	ANDL  CX, DX \
	JZ    no \
	MOVL  DX, CX \
	NEGL  CX \
	ANDL  DX, CX \
	LEAL  -1(CX)(CX*1), BX \
	ANDL  AX, BX \
	MOVL  BX, DX \
	XORL  CX, DX \
	NOTL  R8 \
	TESTL R8, DX \
	JNZ   no \
	IMUL3L $0x29935e13, BX, DX \
	SHRL  $24, DX \
	SHLL  $5, DX \
	ADDQ  DI, DX \
	MOVWLZX 24(DX), R8 \
	CMPL  R8, BX \
	JNE   no \
	MOVOU (DX), X3 \
	PSHUFB X3, X1 \
	PMADDUBSW octets<>(SB), X1 \
	MOVO  X1, X2 \
	PSRLO $8, X2 \
	PADDW X2, X1 \
	MOVQ  16(DX), X3 \
	PCMPGTW X1, X3 \
	MOVQ  X3, DX \
	MOVQ  X1, AX \
	ANDQ  R11, AX \
	ORQ   DX, AX \
	JNZ   no \
	PACKUSWB X1, X1 \
	MOVQ  X1, R10 \
	BSWAPL R10 \
	BSFL  CX, CX

// MARKS marks in R8, R9 and R10 which of the sixteen bytes at off(SI) are no
// digits, dots, commas, at bits and above.
#define MARKS(off, bits) \
	MOVOU  off(SI), X1 \
	MOVO   X1, X0 \
	MOVO   X1, X3 \
	PSUBB  X8, X1 \
	MOVO   X1, X2 \
	PMAXUB X9, X2 \
	PCMPEQB X1, X2 \
	PMOVMSKB X2, AX \
	PCMPEQB X10, X0 \
	PMOVMSKB X0, BX \
	PCMPEQB X14, X3 \
	PMOVMSKB X3, CX \
	SHLQ  $bits, AX \
	SHLQ  $bits, BX \
	SHLQ  $bits, CX \
	ORQ   AX, R8 \
	ORQ   BX, R9 \
	ORQ   CX, R10

// DROP makes to of from without its lowest mark.
#define DROP(from, to) \
	LEAQ  -1(from), to \
	ANDQ  from, to

// SHAPED reads the quad at p, with marks m, and stores it at off(R12).
#define SHAPED(p, m, off) \
	IMUL3L $0x29935e13, m, R15 \
	SHRL  $24, R15 \
	SHLL  $5, R15 \
	ADDQ  DI, R15 \
	MOVWQZX 24(R15), R10 \
	CMPQ  R10, m \
	JNE   no \
	MOVOU p, X1 \
	PSUBB X8, X1 \
	MOVOU (R15), X3 \
	PSHUFB X3, X1 \
	PMADDUBSW octets<>(SB), X1 \
	MOVO  X1, X2 \
	PSRLO $8, X2 \
	PADDW X2, X1 \
	MOVQ  16(R15), X3 \
	PCMPGTW X1, X3 \
	MOVQ  X3, R10 \
	MOVQ  X1, R15 \
	ANDQ  over<>(SB), R15 \
	ORQ   R10, R15 \
	JNZ   no \
	PACKUSWB X1, X1 \
	MOVQ  X1, R15 \
	BSWAPL R15 \
	MOVL  R15, off(R12)

// NUMBER reads the digits from one behind the separator at from to the one
// at to, fifteen at most, and stores them at off(R12).
#define NUMBER(from, to, off) \
	LEAQ  1(from), R10 \
	MOVQ  to, R15 \
	SUBQ  R10, R15 \
	MOVOU (SI)(R10*1), X1 \
	LEAQ  -1(R15), R10 \
	CMPQ  R10, $14 \
	JHI   no \
	PSUBB X8, X1 \
	MOVOU (CX)(R15*1), X3 \
	PSHUFB X3, X1 \
	PMADDUBSW X11, X1 \
	PMADDWL X12, X1 \
	PACKSSLW X1, X1 \
	PMADDWL X13, X1 \
	MOVQ  X1, R10 \
	MOVL  R10, R15 \
	IMULQ $100000000, R15 \
	SHRQ  $32, R10 \
	ADDQ  R10, R15 \
	MOVQ  R15, off(R12)

// func tailSSE(b *byte, shapes *shape, t *Tail) int
//
// All separators are found first, in 64 bytes, so that the fields behind do
// not wait for those before.
TEXT ·tailSSE(SB), NOSPLIT, $0-32
	MOVQ  b+0(FP), SI
	MOVQ  shapes+8(FP), DI
	MOVOU zeros<>(SB), X8
	MOVOU tens<>(SB), X9
	MOVOU dots<>(SB), X10
	MOVOU commas<>(SB), X14
	MOVOU pairs<>(SB), X11
	MOVOU fours<>(SB), X12
	MOVOU eights<>(SB), X13
	XORL  R8, R8
	XORL  R9, R9
	XORL  R10, R10
	MARKS(0, 0)
	MARKS(16, 16)
	MARKS(32, 32)
	MARKS(48, 48)

	// What remains of the marks behind so many separators.
	DROP(R8, AX)
	DROP(AX, BX)
	DROP(BX, AX)    // 3
	DROP(AX, BX)    // 4
	DROP(BX, CX)    // 5
	DROP(CX, DX)
	DROP(DX, R11)
	DROP(R11, DX)   // 8
	DROP(DX, R11)   // 9
	DROP(R11, R13)  // 10
	DROP(R13, R14)  // 11
	TESTQ R14, R14
	JZ    no

	MOVQ  R8, R12   // dots: the first three, the sixth to the eighth
	XORQ  AX, R12
	MOVQ  CX, R15
	XORQ  DX, R15
	ORQ   R15, R12
	NOTQ  R9
	TESTQ R9, R12
	JNZ   no
	MOVQ  AX, R12   // commas: the fourth and fifth, the ninth to the eleventh
	XORQ  CX, R12
	MOVQ  DX, R15
	XORQ  R14, R15
	ORQ   R15, R12
	NOTQ  R10
	TESTQ R10, R12
	JNZ   no

	XORQ  BX, R8    // marks of the first quad
	MOVQ  CX, R9
	XORQ  R11, R9   // and of the second
	BSFQ  AX, AX    // the places of the separators 4, 5, 9, 10, 11 and 12
	BSFQ  BX, BX
	BSFQ  DX, DX
	BSFQ  R11, R11
	BSFQ  R13, R13
	BSFQ  R14, R14
	LEAQ  1(BX), CX
	SHRQ  CX, R9
	MOVQ  t+16(FP), R12

	SHAPED((SI), R8, 0)
	SHAPED(1(SI)(BX*1), R9, 4)
	LEAQ  slide<>(SB), CX
	NUMBER(AX, BX, 8)
	NUMBER(DX, R11, 16)
	NUMBER(R11, R13, 24)
	NUMBER(R13, R14, 32)
	MOVQ  R14, ret+24(FP)
	RET

no:
	MOVQ  $0, ret+24(FP)
	RET

// func quadSSE(b *byte, shapes *shape) (v uint32, n int)
TEXT ·quadSSE(SB), NOSPLIT, $0-32
	MOVQ  b+0(FP), SI
	MOVQ  shapes+8(FP), DI
	MOVOU zeros<>(SB), X8
	MOVOU tens<>(SB), X9
	MOVOU dots<>(SB), X10
	MOVQ  $0xff00ff00ff00ff00, R11
	QUAD
	MOVL  R10, v+16(FP)
	MOVQ  CX, n+24(FP)
	RET

no:
	MOVL  $0, v+16(FP)
	MOVQ  $0, n+24(FP)
	RET
