package domain

import "strings"

// Currency is an ISO 4217 code, such as CNY.
type Currency string

// minorDigits has the currencies of ISO 4217 by their number of minor digits.
var minorDigits = func() map[Currency]uint8 {
	byDigits := map[uint8]string{
		0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
		2: `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD
			CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
			GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD
			MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP
			PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
			TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW`,
		3: "BHD IQD JOD KWD LYD OMR TND",
	}
	all := map[Currency]uint8{}
	for digits, codes := range byDigits {
		for code := range strings.FieldsSeq(codes) {
			all[Currency(code)] = digits
		}
	}
	return all
}()

// Known says whether c is a currency of ISO 4217 that money is kept in here.
func (c Currency) Known() bool { _, ok := minorDigits[c]; return ok }

// Zero is nothing, printed in c's digits.
func (c Currency) Zero() Amount { return Amount{digits: c.digits()} }

// digits is the number of minor digits; an unknown currency never gets past the commands' checks.
func (c Currency) digits() uint8 { return minorDigits[c] }
